import { createHash, randomBytes, randomInt } from 'node:crypto';
import { writeSync } from 'node:fs';

import type { ClientConfig } from 'pg';

import { createPool } from '../store/pool.ts';

import { openLmdbLog } from './lmdb-log.ts';
import type { Log } from './log.ts';
import { openPostgresLog } from './postgres-log.ts';

/** How another process opens the log that is tested. */
export type LogAddress =
  | { readonly engine: 'lmdb'; readonly dir: string }
  | { readonly engine: 'postgres'; readonly connection: ClientConfig };

const STDOUT = 1;
const DIGEST_BYTES = 32;
const CONCURRENCY = 8;

/** A value that tells whether it is whole: the SHA-256 of the rest, then the rest. */
export function makeChecked(payload: Uint8Array): Buffer {
  return Buffer.concat([createHash('sha256').update(payload).digest(), payload]);
}

export function isWhole(value: Uint8Array): boolean {
  return makeChecked(value.subarray(DIGEST_BYTES)).equals(value);
}

export async function openByAddress(address: LogAddress): Promise<Log> {
  if (address.engine === 'lmdb') return openLmdbLog({ dir: address.dir });
  return openPostgresLog({ pool: createPool(address.connection, { name: 'log test', max: 10 }) });
}

/** Prints `seq digest` for each acknowledged append, with a write that has happened when it returns. */
async function appendAndPrint(log: Log, partition: number, count: number): Promise<void> {
  for (let index = 0; index < count; index++) {
    const value = makeChecked(randomBytes(randomInt(20_000)));
    const seq = await log.append('outbound', partition, value);
    writeSync(STDOUT, `${seq} ${value.toString('hex', 0, DIGEST_BYTES)}\n`);
  }
}

async function main(address: LogAddress, count: number): Promise<void> {
  const log = await openByAddress(address);
  const each = Math.ceil(count / CONCURRENCY);
  await Promise.all(Array.from({ length: CONCURRENCY }, () => appendAndPrint(log, log.partitions - 1, each)));
  process.exit();
}

const [, script, address, count] = process.argv;
if (script?.endsWith('conformance-child.ts') && address !== undefined) {
  await main(JSON.parse(address) as LogAddress, Number(count));
}
