import { readFileSync } from 'node:fs';
import { Client } from 'pg';
import { startEmbeddedPostgres } from '../../src/store/embedded-postgres.ts';

const KEPT_ROWS = 100_000;
const ROWS = 4_000;
const WARM_UP_ROUNDS = 2;
const ROUNDS = 5;

/** Rows as wide as messages, with a key in order and one in none. Nobody but us cleans it up. */
const MAKE = `
  create table piece (list_id integer not null, number bigint not null, phone bigint not null, state smallint not null,
    body text not null, primary key (list_id, number)) with (fillfactor = 40, autovacuum_enabled = off);
  create index piece_by_phone on piece (list_id, phone)`;

/** Phones are spread all over the index. */
const INSERT = `
  insert into piece select 1, i, i * 7919 % 1000003 * 8191, 0, repeat('message ', 16) from generate_series($1::bigint, $2) i`;
const LOOK_UP = `
  select count(*) from generate_series($1::bigint, $2) i,
    lateral (select from piece where list_id = 1 and phone = i * 7919 % 1000003 * 8191 limit 1) known`;
const UPDATE = 'update piece set state = state + 1 where list_id = 1 and number between $1 and $2';
const REMOVE = 'delete from piece where list_id = 1 and number between $1 and $2';

/**
 * Does what messages make PostgreSQL do, in fixed amounts: inserts with two indexes, look-ups, updates, each committed to
 * disk, in files that grow. Takes about half a second with the start of the server; the first call in a folder a second
 * more. The system's work for it (writes, page cache, sync) is part of it.
 * @param dataDir a folder of its own, kept from call to call
 * @returns CPU milliseconds of the median round, of the server process alone
 */
export async function measureDatabaseSpeed(dataDir: string): Promise<number> {
  await using postgres = await startEmbeddedPostgres({ dataDir });
  const client = new Client(postgres.connection);
  await client.connect();
  try {
    const { rows } = await client.query<{ pid: number; made: boolean }>(
      `select pg_backend_pid() as pid, to_regclass('piece') is not null as made`,
    );
    if (rows[0]?.made !== true) {
      await client.query(MAKE);
      await client.query(INSERT, [1, KEPT_ROWS]);
      await client.query('vacuum analyze piece');
    }
    const rounds: number[] = [];
    for (let round = 0; round < WARM_UP_ROUNDS + ROUNDS; round++) {
      const spentMs = await doRound(client, rows[0]?.pid ?? 0);
      if (round >= WARM_UP_ROUNDS) rounds.push(spentMs);
    }
    rounds.sort((a, b) => a - b);
    return Math.round((rounds[rounds.length >> 1] ?? 0) * 10) / 10;
  } finally {
    await client.end();
  }
}

/** Leaves the table as it was. */
async function doRound(client: Client, pid: number): Promise<number> {
  const range = [KEPT_ROWS + 1, KEPT_ROWS + ROWS];
  const beforeMs = readThreadCpuMs(pid);
  for (const statement of [INSERT, LOOK_UP, UPDATE]) await client.query(statement, range);
  const spentMs = readThreadCpuMs(pid) - beforeMs;
  await client.query(REMOVE, range);
  await client.query('vacuum piece');
  return spentMs;
}

/** CPU time of a process of one thread that waits just now, to the nanosecond (proc(5), schedstat). */
function readThreadCpuMs(pid: number): number {
  return Number(readFileSync(`/proc/${pid}/schedstat`, 'utf8').split(' ')[0]) / 1e6;
}
