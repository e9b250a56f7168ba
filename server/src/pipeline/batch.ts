/**
 * Lanes of a list. `express` (system messages, `skip_rate_limit`, sandbox) neither waits for nor uses the list's rate and
 * leaves first, then transactional, then marketing. A message row keeps its category (transactional or marketing) here.
 */
export const LANES = { transactional: 0, marketing: 1, express: 2 } as const;
export type Lane = keyof typeof LANES;
export type LaneCode = (typeof LANES)[Lane];

/** Where a message came from, as stored. */
export const SOURCES = { api: 0, v1: 1, schedule: 2, journey: 3, system: 4, otp: 5, import: 6 } as const;
export type Source = keyof typeof SOURCES;
export type SourceCode = (typeof SOURCES)[Source];

/**
 * Up to 1,000 accepted messages of one list, one lane and one due time: what the log holds and what waits in
 * `outbound_batch`. Message i has the number `batchId + i`.
 */
export interface AcceptedBatch {
  readonly listId: number;
  /** Number of the first message. */
  readonly batchId: number;
  readonly count: number;
  readonly lane: LaneCode;
  readonly source: SourceCode;
  /** Made with a sandbox key: goes the whole way except to a carrier. */
  readonly simulated: boolean;
  readonly createdMs: number;
  /** Not to be sent before. */
  readonly dueMs: number;
  /** UTF-8 JSON array of `count` objects in the form of `POST /api/v2/send-raw`. */
  readonly payload: Uint8Array;
}

/**
 * Log value of the topic `outbound`: everything that one append carries lands in one transaction.
 * Form: uint32 LE length of a JSON header (metas with payload sizes), the header, the payloads one after another.
 */
export function encodeBatches(batches: readonly AcceptedBatch[]): Buffer {
  const metas = batches.map((b) => [
    b.listId,
    b.batchId,
    b.count,
    b.lane,
    b.source,
    b.simulated ? 1 : 0,
    b.createdMs,
    b.dueMs,
    b.payload.length,
  ]);
  const header = Buffer.from(JSON.stringify(metas), 'utf8');
  const size = Buffer.allocUnsafe(4);
  size.writeUInt32LE(header.length);
  return Buffer.concat([size, header, ...batches.map((b) => b.payload)]);
}

type BatchMeta = [number, number, number, LaneCode, SourceCode, 0 | 1, number, number, number];

/** Reads what `encodeBatches` wrote. The payloads are views of `value`. */
export function decodeBatches(value: Uint8Array): AcceptedBatch[] {
  const bytes = Buffer.from(value.buffer, value.byteOffset, value.byteLength);
  const headerEnd = 4 + bytes.readUInt32LE(0);
  const metas = JSON.parse(bytes.toString('utf8', 4, headerEnd)) as BatchMeta[];
  let at = headerEnd;
  return metas.map(([listId, batchId, count, lane, source, simulated, createdMs, dueMs, sizeBytes]) => {
    const payload = bytes.subarray(at, at + sizeBytes);
    at += sizeBytes;
    return { listId, batchId, count, lane, source, simulated: simulated === 1, createdMs, dueMs, payload };
  });
}
