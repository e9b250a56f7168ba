import { expect, test } from 'vitest';
import { makeDataFolder } from '../../../cli/test/helpers/run-cli.ts';
import { embeddedPostgresOf } from '../helpers/faulty-postgres.ts';
import { KILLED, STOPPED } from '../helpers/outage.ts';
import { tryOutage } from '../helpers/outage-trial.ts';
import { chooseSeconds, recordSafety } from '../helpers/safety-record.ts';

const KEY = 'trk_of_a_server_without_database';
const SECONDS = chooseSeconds(7, 30);
/** An outage is longer than these. */
const SHORT_LEASES = { workLeaseMs: 3_000, shareLeaseMs: 3_000 };

/**
 * The promise: with the database away, sends and receipts are accepted and land later; what needs it is answered 503
 * within seconds; nothing is lost or done twice; the process lives and goes on by itself.
 */
test.each([
  { fault: STOPPED, limits: undefined, name: 'stopped' },
  { fault: KILLED, limits: undefined, name: 'killed whenever it starts' },
  { fault: STOPPED, limits: SHORT_LEASES, name: 'stopped for longer than every lease' },
])(
  'while the embedded database is $name, sends and receipts are accepted and land later',
  async ({ fault, limits, name }) => {
    await using folder = await makeDataFolder();
    const seen = await tryOutage({
      env: { TRACKLY_DATA_DIR: folder.path, TRACKLY_API_KEY: KEY },
      key: KEY,
      ...(limits === undefined ? {} : { limits }),
      postgres: embeddedPostgresOf(folder.path),
      fault,
      seconds: SECONDS,
      logIsAway: false,
    });
    expect(seen).toContain('all found');
    recordSafety({
      promise: 'the database may be away',
      faults: `the embedded PostgreSQL ${name}, ${SECONDS} s, while messages and receipts come in`,
      rounds: 1,
      seen,
    });
  },
  SECONDS * 1_000 + 240_000,
);
