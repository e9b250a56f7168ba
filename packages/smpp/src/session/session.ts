import type { Socket } from 'node:net';
import { COMMAND_IDS, commandOf, isResponseId } from '../protocol/commands.ts';
import { decodePdu } from '../protocol/decode-pdu.ts';
import { putPdu } from '../protocol/encode-pdu.ts';
import { FrameReader } from '../protocol/frame-reader.ts';
import { endFrame, putInt4, putText } from '../protocol/frame-writer.ts';
import { HEADER_BYTES } from '../protocol/limits.ts';
import type { BodyInput, Request, RequestCommand, Response, ResponseCommand } from '../protocol/pdu.ts';
import { PduError } from '../protocol/pdu-error.ts';
import { latin1Of, readInt4 } from '../protocol/reader.ts';
import { STATUSES } from '../protocol/statuses.ts';
import { NO_TLVS } from '../protocol/tlvs.ts';
import { hasResponse, type RequestAnswer } from './answers.ts';
import { Output } from './output.ts';
import { type AnswerListener, CLOSED, RequestWindow } from './request-window.ts';
import { type CloseReason, SESSION_DEFAULTS, type SessionOptions, type SessionOwner } from './session-options.ts';

const EMPTY = new Uint8Array(0);
/** Beats in the shortest of the session's time limits, so that a limit is kept to an eighth. */
const BEATS_A_LIMIT = 8;
const SHORTEST_BEAT_MS = 5;
const LONGEST_BEAT_MS = 1_000;
const ALLOWED_MISSES = 2;
/** How long a peer may take to read what was written before the connection is cut off. */
const LINGER_MS = 1_000;

/**
 * One connection, the same on both sides: cuts the stream into frames, answers enquire_link and unbind, gives other
 * requests to its owner, keeps a window of requests of its own with a time limit each.
 *
 * Memory is bounded by the window, by `maxPending`, by one frame and by what one read brings: while the owner is at work
 * on `maxPending` requests, or the peer does not take what is written to it, nothing is read.
 */
export class Session {
  /** The `system_id` that the peer bound with, or that we did; '' before. For the owner to set. */
  systemId = '';
  readonly socket: Socket;
  readonly window: RequestWindow;
  readonly #owner: SessionOwner;
  readonly #output: Output;
  readonly #frames = new FrameReader();
  readonly #maxPending: number;
  readonly #responseTimeoutMs: number;
  readonly #responseBeats: number;
  readonly #enquireBeats: number;
  readonly #beatTimer: NodeJS.Timeout;
  #beat = 0;
  #lastHeardBeat = 0;
  #misses = 0;
  /** Beats since the peer took anything of a full output. */
  #fullBeats = 0;
  #enquiryIsOpen = false;
  /** Requests of the peer that have no answer yet. */
  #pending = 0;
  #isPaused = false;
  #state: 'open' | 'unbinding' | 'closed' = 'open';
  #onIdle: (() => void) | undefined;
  #unbound: Promise<void> | undefined;

  constructor(socket: Socket, owner: SessionOwner, options: SessionOptions = {}) {
    const { window, maxPending, responseTimeoutMs, enquireLinkMs } = { ...SESSION_DEFAULTS, ...options };
    this.socket = socket;
    this.#owner = owner;
    this.window = new RequestWindow(window);
    this.#maxPending = maxPending;
    const shortestMs = Math.min(responseTimeoutMs, enquireLinkMs === 0 ? Infinity : enquireLinkMs);
    const beatMs = Math.min(LONGEST_BEAT_MS, Math.max(SHORTEST_BEAT_MS, shortestMs / BEATS_A_LIMIT));
    this.#responseTimeoutMs = responseTimeoutMs;
    this.#responseBeats = Math.ceil(responseTimeoutMs / beatMs);
    this.#enquireBeats = enquireLinkMs === 0 ? Infinity : Math.ceil(enquireLinkMs / beatMs);
    this.#output = new Output(socket, () => this.#onDrain());
    socket.setNoDelay(true);
    socket.on('data', (chunk: Buffer) => this.#read(chunk));
    socket.on('error', () => this.#end('closed_by_peer'));
    socket.on('end', () => this.#end('closed_by_peer'));
    socket.on('close', () => this.#end('closed_by_peer'));
    this.#beatTimer = setInterval(() => this.#onBeat(), beatMs);
  }

  get isOpen(): boolean {
    return this.#state === 'open';
  }

  get isClosed(): boolean {
    return this.#state === 'closed';
  }

  /** Requests may be made without going over the window or over what the peer takes. */
  get hasRoom(): boolean {
    return this.#state === 'open' && this.window.hasRoom && !this.#output.isFull;
  }

  /** Octets held for this session, in and out. */
  get heldBytes(): number {
    return this.#output.heldBytes + this.#frames.heldBytes;
  }

  /** Requests of the peer that the owner is at work on. */
  get pending(): number {
    return this.#pending;
  }

  /**
   * Sends a request; look at `hasRoom` before. On a session that is not open, the listener is told `closed` at once.
   * @returns the sequence number, 0 when nothing was sent
   * @throws PduError when the body does not fit its fields; RangeError when the window is full
   */
  request<Name extends RequestCommand>(command: Name, body: BodyInput<Name>, listener: AnswerListener): number {
    if (this.#state !== 'open') {
      listener(CLOSED);
      return 0;
    }
    if (!this.window.hasRoom) throw new RangeError(`The window of ${this.window.limit} requests is full`);
    return this.#send(command, body, listener, true);
  }

  /** Sends octets as they are. For peers that are meant to misbehave. */
  sendRaw(octets: Uint8Array): void {
    this.#output.reserve(octets.length);
    this.#output.bytes.set(octets, this.#output.at);
    this.#output.at += octets.length;
  }

  /** Sends octets one at a time, and everything else after them. For peers that are meant to misbehave. */
  async sendInOctets(octets: Uint8Array, pause: () => Promise<void>): Promise<void> {
    this.#output.hold();
    for (const octet of octets) {
      if (this.isClosed) break;
      this.socket.write(Uint8Array.of(octet));
      await pause();
    }
    this.#output.release();
  }

  /**
   * Waits until no request is open and no request of the peer is being worked on, sends unbind, waits for its answer, and
   * closes. Each wait has the time limit of answers. Resolves when closed; never rejects.
   */
  unbind(): Promise<void> {
    this.#unbound ??= this.#unbind();
    return this.#unbound;
  }

  async #unbind(): Promise<void> {
    if (this.isClosed) return;
    this.#state = 'unbinding';
    await this.#waitUntilIdle();
    if (this.isClosed) return;
    await new Promise<void>((resolve) => void this.#send('unbind', {}, () => resolve(), false));
    this.#end('unbound');
  }

  /** Closes at once: open requests are told `closed`. */
  close(reason: CloseReason = 'closed_by_us'): void {
    this.#end(reason);
  }

  #send<Name extends RequestCommand>(
    command: Name,
    body: BodyInput<Name>,
    listener: AnswerListener,
    isCounted: boolean,
  ): number {
    const sequence = this.window.nextSequence();
    putPdu(this.#output, command, 0, sequence, body);
    this.window.add(listener, this.#beat, isCounted);
    return sequence;
  }

  #read(chunk: Uint8Array): void {
    if (this.isClosed) return;
    this.#lastHeardBeat = this.#beat;
    this.#misses = 0;
    const bad = this.#frames.push(chunk, this.#onFrame);
    if (this.isClosed) return;
    if (bad !== undefined) {
      this.#respond('generic_nack', bad.sequence, { status: STATUSES.RINVCMDLEN });
      return this.#end('bad_frame');
    }
    this.#pauseOrResume();
    this.#tellRoom();
  }

  /** False: read no further for now. */
  readonly #onFrame = (bytes: Uint8Array, start: number, end: number): boolean => {
    const id = readInt4(bytes, start + 4);
    if (id === COMMAND_IDS.submit_sm_resp && isPlainAnswer(bytes, start, end)) this.#onSubmitResp(bytes, start, end);
    else if (isResponseId(id)) this.#onResponse(bytes, start, end);
    else this.#onRequest(bytes, start, end);
    return !this.isClosed && !this.#isBusy();
  };

  /** The usual answer to a submit: no more than a message id. */
  #onSubmitResp(bytes: Uint8Array, start: number, end: number): void {
    const sequence = readInt4(bytes, start + 12);
    const status = readInt4(bytes, start + 8);
    const messageId = end - start > HEADER_BYTES + 1 ? latin1Of(bytes, start + HEADER_BYTES, end - 1) : '';
    this.window.take(sequence)?.({ command: 'submit_sm_resp', status, sequence, messageId, tlvs: NO_TLVS });
  }

  /** An answer that cannot be read leaves its request open until its time is up: what it says is not known. */
  #onResponse(bytes: Uint8Array, start: number, end: number): void {
    let response: Response;
    try {
      response = decodePdu(bytes, start, end) as Response;
    } catch (error) {
      if (error instanceof PduError) return;
      throw error;
    }
    this.window.take(response.sequence)?.(response);
  }

  #onRequest(bytes: Uint8Array, start: number, end: number): void {
    let request: Request;
    try {
      request = decodePdu(bytes, start, end) as Request;
    } catch (error) {
      if (error instanceof PduError) return this.#refuse(bytes, start, error);
      throw error;
    }
    if (request.command === 'enquire_link') return this.#respond('enquire_link_resp', request.sequence, {});
    if (request.command !== 'unbind') return this.#handOver(request);
    this.#respond('unbind_resp', request.sequence, {});
    this.#end('unbound');
  }

  #handOver(request: Request): void {
    const { command, sequence } = request;
    const answer = this.#ask(request);
    if (!(answer instanceof Promise)) return this.#answer(command, sequence, answer);
    this.#pending++;
    void this.#answerLater(command, sequence, answer);
  }

  async #answerLater(command: RequestCommand, sequence: number, answer: Promise<RequestAnswer>): Promise<void> {
    const settled = await answer.catch(() => ({ status: STATUSES.RSYSERR }));
    this.#pending--;
    if (this.isClosed) return;
    this.#answer(command, sequence, settled);
    this.#pauseOrResume();
    if (this.#state === 'unbinding') this.#tellRoom();
  }

  #ask(request: Request): RequestAnswer | Promise<RequestAnswer> {
    try {
      return this.#owner.onRequest(request, this);
    } catch {
      return { status: STATUSES.RSYSERR };
    }
  }

  #answer(command: RequestCommand, sequence: number, answer: RequestAnswer): void {
    if (answer.silent === true || !hasResponse(command) || this.isClosed) return;
    try {
      this.#respond(`${command}_resp` as ResponseCommand, sequence, answer);
    } catch {
      this.#respond(`${command}_resp` as ResponseCommand, sequence, { status: STATUSES.RSYSERR });
    }
  }

  #refuse(bytes: Uint8Array, start: number, { status }: PduError): void {
    const command = commandOf(readInt4(bytes, start + 4));
    const sequence = readInt4(bytes, start + 12);
    if (command === undefined || !hasResponse(command)) this.#respond('generic_nack', sequence, { status });
    else this.#respond(`${command}_resp` as ResponseCommand, sequence, { status });
  }

  #respond(command: ResponseCommand, sequence: number, answer: RequestAnswer): void {
    const status = answer.status ?? 0;
    if (command === 'submit_sm_resp' && status === 0 && answer.tlvs === undefined) {
      return this.#respondToSubmit(sequence, answer.messageId ?? '');
    }
    // A refusal of a bind, a submit or a data_sm has no body (SMPP 3.4 §4.1.2, §4.4.2).
    const body = status === 0 || answer.tlvs !== undefined ? answer : undefined;
    if (body !== undefined) return putPdu(this.#output, command, status, sequence, body as BodyInput<ResponseCommand>);
    this.#output.reserve(HEADER_BYTES);
    putInt4(this.#output, HEADER_BYTES);
    putInt4(this.#output, COMMAND_IDS[command]);
    putInt4(this.#output, status);
    putInt4(this.#output, sequence);
  }

  #respondToSubmit(sequence: number, messageId: string): void {
    const output = this.#output;
    output.reserve(HEADER_BYTES + 66);
    const start = output.at;
    output.at += 4;
    putInt4(output, COMMAND_IDS.submit_sm_resp);
    putInt4(output, 0);
    putInt4(output, sequence);
    putText(output, messageId, 65);
    endFrame(output, start);
  }

  #onBeat(): void {
    this.#beat++;
    this.window.expire(this.#beat - this.#responseBeats - 1);
    this.#fullBeats = this.#output.isFull ? this.#fullBeats + 1 : 0;
    if (this.#fullBeats > this.#responseBeats) return this.#end('silent');
    this.#enquireWhenSilent();
    this.#tellRoom();
  }

  #enquireWhenSilent(): void {
    if (this.isClosed || this.#enquiryIsOpen || this.#isPaused) return;
    if (this.#beat - this.#lastHeardBeat < this.#enquireBeats) return;
    this.#enquiryIsOpen = true;
    this.#send('enquire_link', {}, (answer) => this.#onEnquired(answer.command === 'none'), false);
  }

  #onEnquired(isMiss: boolean): void {
    this.#enquiryIsOpen = false;
    if (isMiss && ++this.#misses >= ALLOWED_MISSES) this.#end('silent');
  }

  #isBusy(): boolean {
    return this.#pending >= this.#maxPending || this.#output.isFull;
  }

  #pauseOrResume(): void {
    if (this.#isBusy() === this.#isPaused) return;
    this.#isPaused = !this.#isPaused;
    if (this.#isPaused) this.socket.pause();
    else {
      // What waits is read first; when that makes us busy again, the socket stays paused.
      this.#read(EMPTY);
      if (!this.#isPaused && !this.isClosed) this.socket.resume();
    }
  }

  #onDrain(): void {
    this.#pauseOrResume();
    this.#tellRoom();
  }

  #tellRoom(): void {
    if (this.isClosed) return;
    if (this.#state === 'open') {
      if (this.hasRoom) this.#owner.onRoom(this);
    } else if (this.window.size === 0 && this.#pending === 0) this.#onIdle?.();
  }

  async #waitUntilIdle(): Promise<void> {
    if (this.window.size === 0 && this.#pending === 0) return;
    await new Promise<void>((resolve) => {
      const limit = setTimeout(resolve, this.#responseTimeoutMs);
      this.#onIdle = () => {
        clearTimeout(limit);
        resolve();
      };
    });
  }

  #end(reason: CloseReason): void {
    if (this.#state === 'closed') return;
    this.#state = 'closed';
    clearInterval(this.#beatTimer);
    this.#output.flush();
    this.socket.end();
    const cut = setTimeout(() => this.socket.destroy(), LINGER_MS).unref();
    this.socket.once('close', () => clearTimeout(cut));
    if (this.socket.destroyed) clearTimeout(cut);
    // A peer's last words are not waited for, but they must be read for the connection to end.
    this.socket.resume();
    this.#onIdle?.();
    this.window.close();
    this.#owner.onClose(this, reason);
  }
}

/** Whether an answer is a message id with its NUL, and no more than that. */
function isPlainAnswer(bytes: Uint8Array, start: number, end: number): boolean {
  let at = start + HEADER_BYTES;
  if (end === at) return true;
  while (at < end && bytes[at] !== 0) at++;
  return at === end - 1;
}
