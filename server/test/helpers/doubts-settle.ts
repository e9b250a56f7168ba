import { Client, type ClientConfig } from 'pg';
import { expect } from 'vitest';
import { type Api, readLedger, readStates } from './message-judge.ts';

/** Messages that stay at the carrier without a receipt end as sent. */
const RESTING = ['sent', 'delivered', 'undelivered', 'failed', 'dropped'];
const ON_THE_WIRE = ['sent', 'delivered', 'undelivered'];
/** A complete search of the carrier proves after 10 minutes that it does not have a message. */
const ELEVEN_MINUTES_MS = 660_000;

export interface SettledMessages {
  readonly states: ReadonlyMap<string, string>;
  /** How many were in doubt. */
  readonly doubts: number;
  /** Of these, how many the carrier had refused: it says that it does not have them, and they went there again. */
  readonly again: number;
}

/**
 * Holds the promised messages against the carrier's ledger: each is known and comes to rest, nothing is said to be on the
 * wire that never was there, none went there twice; then, as if minutes had passed for those in doubt, all of these settle.
 */
export async function expectSettled(
  api: Api,
  ids: readonly string[],
  database: ClientConfig,
  limitMs?: number,
): Promise<SettledMessages> {
  expect(new Set(ids).size).toBe(ids.length);
  const states = await readStates(api, ids, (state) => [...RESTING, 'in_doubt'].includes(state), limitMs);
  const before = await readLedger(api.url);
  expect(before.totals.doubles).toBe(0);
  const submitted = new Set(before.submits.map((row) => row.message_id));
  expect([...states].filter(([id, state]) => ON_THE_WIRE.includes(state) && !submitted.has(id))).toEqual([]);
  const doubts = new Set([...states].filter(([, state]) => state === 'in_doubt').map(([id]) => id));

  await letTimePass(database);
  const settled = await readStates(api, ids, (state) => RESTING.includes(state), limitMs);
  const after = await readLedger(api.url);
  const again = after.submits.filter((row) => row.count > 1);
  // Messages that nobody was promised can have been in doubt too.
  const promised = new Set(ids);
  const wrong = again.filter(
    (row) => row.taken || row.count > 2 || (promised.has(row.message_id) && !doubts.has(row.message_id)),
  );
  expect(wrong).toEqual([]);
  expect(after.totals.doubles).toBe(again.length);
  return { states: settled, doubts: doubts.size, again: again.length };
}

async function letTimePass(connection: ClientConfig): Promise<void> {
  const client = new Client(connection);
  await client.connect();
  await client.query('update in_doubt set since_ms = since_ms - $1, next_check_ms = 0', [ELEVEN_MINUTES_MS]);
  await client.end();
}
