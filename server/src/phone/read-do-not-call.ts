import { createReadStream } from 'node:fs';
import { stat } from 'node:fs/promises';
import { createInterface } from 'node:readline';
import type { Clock } from '../lib/clock.ts';
import { normaliseV1Phone, phoneToNumber } from '../lib/e164.ts';
import {
  type DoNotCallFile,
  forgetDoNotCallFiles,
  markDoNotCall,
  readDoNotCallFiles,
  replaceDoNotCallFile,
} from '../store/do-not-call-store.ts';
import type { Pool } from '../store/pool.ts';
import { withTransaction } from '../store/transaction.ts';

export interface DoNotCallDeps {
  readonly pool: Pool;
  readonly clock: Clock;
  /** Paths of the operator's do-not-call lists, one number a line. */
  readonly files: readonly string[];
  /** A file that could not be read, or held no number: what it held before stays. */
  readonly onError: (error: unknown) => void;
}

const CHUNK = 10_000;

/**
 * Reads the do-not-call lists that have changed, forgets those that are no longer named, and marks contacts. Lines are
 * E.164, or US numbers as people and registries write them (`201,5550142`); other lines are skipped. Safe to repeat.
 */
export async function readDoNotCall({ pool, clock, files, onError }: DoNotCallDeps): Promise<void> {
  const known = await readDoNotCallFiles(pool);
  for (const path of files) {
    try {
      await readFileIfChanged(pool, path, known, clock());
    } catch (error) {
      onError(error);
    }
  }
  const gone = known.map((file) => file.path).filter((path) => !files.includes(path));
  await withTransaction(pool, async (transaction) => {
    await forgetDoNotCallFiles(transaction, gone);
    await markDoNotCall(transaction);
  });
}

async function readFileIfChanged(
  pool: Pool,
  path: string,
  known: readonly DoNotCallFile[],
  nowMs: number,
): Promise<void> {
  const { size: sizeBytes, mtimeMs } = await stat(path);
  const file = { path, sizeBytes, modifiedMs: Math.floor(mtimeMs) };
  const isKnown = known.some(
    (one) => one.path === path && one.sizeBytes === sizeBytes && one.modifiedMs === file.modifiedMs,
  );
  if (isKnown) return;
  await withTransaction(pool, async (transaction) => {
    const numbers = await replaceDoNotCallFile(transaction, file, readPhones(path), nowMs);
    if (numbers === 0) throw new Error(`The do-not-call list ${path} holds no phone number`);
  });
}

async function* readPhones(path: string): AsyncGenerator<number[]> {
  let phones: number[] = [];
  for await (const line of createInterface({ input: createReadStream(path), crlfDelay: Number.POSITIVE_INFINITY })) {
    const e164 = normaliseV1Phone(line);
    if (e164 === undefined) continue;
    phones.push(phoneToNumber(e164));
    if (phones.length < CHUNK) continue;
    yield phones;
    phones = [];
  }
  if (phones.length > 0) yield phones;
}
