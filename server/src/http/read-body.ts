import type { IncomingMessage } from 'node:http';
import { isUtf8 } from 'node:buffer';
import { AppError } from '../lib/errors.ts';
import { isPlainObject, type Row } from '../lib/fields.ts';
import { depthOver } from '../lib/json-limits.ts';

/** Bytes of a request body at the most, inclusive. */
export const MAX_BODY_BYTES = 5_242_880;
/** What is read of a body that is refused, and for how long. */
const MAX_DRAIN_BYTES = 4 * MAX_BODY_BYTES;
const MAX_DRAIN_MS = 2_000;
const MAX_JSON_DEPTH = 64;
const EMPTY = Buffer.alloc(0);

/** `application/json`, alone or with the charset UTF-8 (RFC 9110 §8.3.1). */
const JSON_MEDIA_TYPE = /^application\/json[ \t]*(?:;[ \t]*charset=(?:utf-8|"utf-8")[ \t]*)?;?[ \t]*$/i;

/**
 * What the headers tell about the form of a body, if there is one.
 * @throws AppError `unsupported_media_type`
 */
export function checkBodyHeaders({ headers }: IncomingMessage): void {
  const length = headers['content-length'];
  if (headers['transfer-encoding'] === undefined && (length === undefined || Number(length) === 0)) return;
  const { 'content-encoding': encoding, 'content-type': type } = headers;
  if (encoding !== undefined && encoding.toLowerCase() !== 'identity') throw new AppError('unsupported_media_type');
  if (type !== 'application/json' && !JSON_MEDIA_TYPE.test(type ?? '')) throw new AppError('unsupported_media_type');
}

/** `text/csv` (RFC 7111), alone or with the charset UTF-8 and other parameters. */
const CSV_MEDIA_TYPE = /^text\/csv[ \t]*(?:;|$)/i;
const OTHER_CHARSET = /;[ \t]*charset=(?!"?utf-8"?[ \t]*(?:;|$))/i;

/**
 * The same for a file of CSV.
 * @throws AppError `unsupported_media_type`
 */
export function checkCsvHeaders({ headers }: IncomingMessage): void {
  const { 'content-encoding': encoding, 'content-type': type = '' } = headers;
  if (encoding !== undefined && encoding.toLowerCase() !== 'identity') throw new AppError('unsupported_media_type');
  if (CSV_MEDIA_TYPE.test(type) && !OTHER_CHARSET.test(type)) return;
  throw new AppError('unsupported_media_type', { text: 'Content-Type must be text/csv in UTF-8' });
}

/** Memory that bodies may take together while they arrive. */
export interface BodyRoom {
  /** False when there is no room for so many bytes more. */
  take(sizeBytes: number): boolean;
  giveBack(sizeBytes: number): void;
}

export function createBodyRoom(maxBytes: number): BodyRoom {
  let takenBytes = 0;
  return {
    take(sizeBytes) {
      if (takenBytes + sizeBytes > maxBytes) return false;
      takenBytes += sizeBytes;
      return true;
    },
    giveBack(sizeBytes) {
      takenBytes -= sizeBytes;
    },
  };
}

/** Of all connections of this process. */
const ROOM = createBodyRoom(256 * 1024 * 1024);
/** A body takes room from here on: however many large ones crawl in, a send of one message is read. */
const FREE_BYTES = 65_536;
/** A chunk costs some 200 bytes beside its own, so that a body of single bytes must not be kept as it comes. */
const MAX_CHUNKS = 256;

/** Bodies that were read before the request came to its route. */
const given = new WeakMap<IncomingMessage, Promise<Buffer>>();

/** What `readBody` will give for the request, because its body is no longer there to be read. */
export function giveBody(request: IncomingMessage, body: Promise<Buffer>): void {
  // The request may be refused before anybody asks for its body.
  body.catch(() => {});
  given.set(request, body);
}

/**
 * Collects the body. One that is too large is refused, and not kept, from the first byte when its size was announced.
 * @throws AppError `payload_too_large`; `service_unavailable` when the bodies that arrive at the moment fill `room`;
 *   `invalid_request` when the connection ends before the body does
 */
export function readBody(
  request: IncomingMessage,
  room: BodyRoom = ROOM,
  maxBytes: number = MAX_BODY_BYTES,
): Promise<Buffer> {
  const body = given.get(request);
  if (body !== undefined) return body;
  if (Number(request.headers['content-length'] ?? 0) > maxBytes) {
    return refuseBody(request, 0, 'payload_too_large');
  }
  return new Promise((resolve, reject) => {
    let first: Buffer = EMPTY;
    let chunks: Buffer[] | null = null;
    let sizeBytes = 0;
    let roomBytes = 0;
    let hasEnded = false;
    function end(): void {
      hasEnded = true;
      if (roomBytes > 0) room.giveBack(roomBytes);
    }
    function refuse(code: 'payload_too_large' | 'service_unavailable'): void {
      end();
      request.off('data', onData);
      chunks = null;
      first = EMPTY;
      resolve(refuseBody(request, sizeBytes, code));
    }
    function keep(chunk: Buffer): void {
      chunks ??= [first];
      chunks.push(chunk);
      if (chunks.length >= MAX_CHUNKS) chunks = [Buffer.concat(chunks, sizeBytes)];
    }
    function onData(chunk: Buffer): void {
      sizeBytes += chunk.length;
      if (sizeBytes > maxBytes) return refuse('payload_too_large');
      if (sizeBytes > FREE_BYTES) {
        if (!room.take(chunk.length)) return refuse('service_unavailable');
        roomBytes += chunk.length;
      }
      if (sizeBytes === chunk.length) first = chunk;
      else keep(chunk);
    }
    function fail(cause?: Error): void {
      if (hasEnded) return;
      end();
      reject(new AppError('invalid_request', { cause }));
    }
    request.on('data', onData).on('error', fail).on('close', fail);
    request.on('end', () => {
      if (hasEnded) return;
      end();
      resolve(chunks === null ? first : Buffer.concat(chunks, sizeBytes));
    });
  });
}

/**
 * Reads on for a moment without keeping anything: most clients read an answer only when they have written all, and a
 * connection that is closed under their hands would hide it from them.
 */
async function refuseBody(
  request: IncomingMessage,
  readBytes: number,
  code: 'payload_too_large' | 'service_unavailable',
): Promise<never> {
  let sizeBytes = readBytes;
  await new Promise<void>((resolve) => {
    const timer = setTimeout(resolve, MAX_DRAIN_MS);
    function finish(): void {
      clearTimeout(timer);
      resolve();
    }
    request.on('data', (chunk: Buffer) => {
      sizeBytes += chunk.length;
      if (sizeBytes > MAX_DRAIN_BYTES) finish();
    });
    request.once('end', finish).once('close', finish).once('error', finish);
  });
  throw new AppError(code);
}

/**
 * A JSON object from the bytes of a body: UTF-8 without a byte order mark, at most 64 levels deep (RFC 8259). Of a
 * repeated key the last one wins.
 * @throws AppError `invalid_json`, `invalid_body`
 */
export function parseJsonObject(bytes: Buffer): Row {
  const value = parseJson(bytes);
  if (depthOver(value, MAX_JSON_DEPTH)) throw new AppError('invalid_json');
  if (!isPlainObject(value)) throw new AppError('invalid_body');
  return value;
}

function parseJson(bytes: Buffer): unknown {
  // A byte order mark needs no check of its own: JSON.parse takes it for a character that is out of place.
  if (!isUtf8(bytes)) throw new AppError('invalid_json');
  try {
    return JSON.parse(bytes.toString('utf8'));
  } catch (cause) {
    throw new AppError('invalid_json', { cause });
  }
}
