/*
 * `npm test`: prepares the clone, installs the programs that tests need where it may, runs every suite, and ends with
 * what failed and the totals. Arguments go to vitest and pick tests: `npm test -- server/src/store -t 'clean stop'`.
 */
import { existsSync, mkdtempSync, readFileSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { addResults, countResults, describeFailures, toTotalsLine } from './test-results.mjs';
import { main, prepare, ROOT, run } from './setup.mjs';

/** Each program is of Debian; without it, its tests are left out. */
const PROGRAMS = [
  { package: 'postgresql-15', path: '/usr/lib/postgresql/15/bin/postgres', suite: 'database tests on PostgreSQL 15' },
  { package: 'chromium', path: '/usr/bin/chromium', suite: 'browser tests' },
  {
    package: 'libfaketime',
    path: '/usr/lib/x86_64-linux-gnu/faketime/libfaketime.so.1',
    suite: 'the test of a clock that jumps',
  },
  { package: 'kannel', path: '/usr/sbin/bearerbox', suite: 'SMPP against Kannel' },
  { package: 'kannel-extras', path: '/usr/lib/kannel/test/fakesmsc', suite: 'SMPP against Kannel' },
];

/** They test how the embedded PostgreSQL is run, whatever server the other tests use. */
const EMBEDDED_ONLY = ['--exclude=**/embedded-postgres.db.test.ts', '--exclude=**/postgres-binaries.db.test.ts'];

const SUITES = [
  { name: 'unit', args: ['--project=unit'] },
  { name: 'database, embedded PostgreSQL 18', args: ['--project=db'] },
  {
    name: 'database, PostgreSQL 15',
    args: ['--project=db', ...EMBEDDED_ONLY],
    needs: ['postgresql-15'],
    database: 'pg15',
  },
  { name: 'SMPP against Kannel', args: ['--project=peers'], needs: ['kannel', 'kannel-extras'] },
  { name: 'end to end', args: ['--project=e2e'] },
  { name: 'integrity', args: ['--project=integrity*'] },
];

await main(async () => {
  await prepare();
  const missing = await installPrograms();
  const filter = process.argv.slice(2);
  let totals = { passed: 0, failed: 0, skipped: 0 };
  const failures = [];
  for (const suite of SUITES) {
    if (suite.needs?.some((program) => missing.has(program))) continue;
    const { results, failed } = await runSuite(suite, filter);
    totals = addResults(totals, results);
    failures.push(...failed);
  }
  const failedByOmission = missing.size > 0 && isCi();
  if (failedByOmission) console.error('CI runs every suite, and some were left out.');
  // Once more, because what was printed of them is thousands of lines above.
  for (const failure of failures) console.log(`\nFAILED ${failure}`);
  console.log(`\n${toTotalsLine(totals)}`);
  return totals.failed > 0 || totals.passed === 0 || failedByOmission ? 1 : 0;
});

/** The packages that are still missing afterwards. */
async function installPrograms() {
  const wanted = PROGRAMS.filter(({ path }) => !existsSync(path)).map((program) => program.package);
  if (wanted.length > 0 && process.getuid?.() === 0 && existsSync('/etc/debian_version')) await installPackages(wanted);
  const missing = PROGRAMS.filter(({ path }) => !existsSync(path));
  for (const { suite, path, ...program } of missing) {
    console.log(`Left out: ${suite}, because ${path} is missing (Debian's package ${program.package}).`);
  }
  return new Set(missing.map((program) => program.package));
}

async function installPackages(names) {
  console.log(`Installing ${names.join(' and ')} (apt-get) ...`);
  const env = { ...process.env, DEBIAN_FRONTEND: 'noninteractive' };
  await run('apt-get', ['update', '-qq'], env);
  await run('apt-get', ['install', '-y', '-qq', '--no-install-recommends', ...names], env);
}

async function runSuite({ name, args, database }, filter) {
  console.log(`\n== ${name}`);
  const folder = mkdtempSync(join(tmpdir(), 'trackly-results-'));
  const file = join(folder, 'results.json');
  const output = ['--reporter=default', '--reporter=json', `--outputFile.json=${file}`, '--passWithNoTests'];
  const env = { ...process.env, ...(database === undefined ? {} : { TEST_DATABASE: database }) };
  const vitest = join(ROOT, 'node_modules/vitest/vitest.mjs');
  const exitCode = await run(process.execPath, [vitest, 'run', ...args, ...output, ...filter], env);
  const report = existsSync(file) ? JSON.parse(readFileSync(file, 'utf8')) : null;
  rmSync(folder, { recursive: true });
  return { results: countResults(exitCode, report), failed: describeFailures(name, report, ROOT) };
}

function isCi() {
  return process.env.CI !== undefined && process.env.CI !== '' && process.env.CI !== 'false';
}
