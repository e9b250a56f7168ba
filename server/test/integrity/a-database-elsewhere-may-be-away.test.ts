import { expect, test } from 'vitest';
import { makeDataFolder } from '../../../cli/test/helpers/run-cli.ts';
import { startOwnPostgres } from '../helpers/faulty-postgres.ts';
import { KILLED, STOPPED } from '../helpers/outage.ts';
import { tryOutage } from '../helpers/outage-trial.ts';
import { chooseSeconds, recordSafety } from '../helpers/safety-record.ts';

const KEY = 'trk_of_a_server_whose_database_is_elsewhere';
const SECONDS = chooseSeconds(12, 30);

/**
 * The promise: with a PostgreSQL of DATABASE_URL away, the server does what it does with its own. With the log in that
 * database too, sends and receipts are refused with 503 within seconds, and what was answered 201 is there afterwards.
 */
test.each([
  { fault: STOPPED, log: 'lmdb' },
  { fault: KILLED, log: 'lmdb' },
  { fault: STOPPED, log: 'postgres' },
  { fault: KILLED, log: 'postgres' },
])(
  'while the database of DATABASE_URL is $fault.name, nothing is lost with the log $log',
  async ({ fault, log }) => {
    await using postgres = await startOwnPostgres();
    await using folder = await makeDataFolder();
    const seen = await tryOutage({
      env: { ...postgres.env, LOG: log, TRACKLY_DATA_DIR: folder.path, TRACKLY_API_KEY: KEY },
      key: KEY,
      postgres,
      fault,
      seconds: SECONDS,
      logIsAway: log === 'postgres',
    });
    expect(seen).toContain('all found');
    recordSafety({
      promise: 'a database elsewhere may be away',
      faults: `the PostgreSQL of DATABASE_URL ${fault === STOPPED ? 'stopped' : 'killed'}, ${SECONDS} s, LOG=${log}, while messages and receipts come in`,
      rounds: 1,
      seen,
    });
  },
  SECONDS * 1_000 + 240_000,
);
