/*
 * `npm run integrity`: the long form of the integrity suite and of the properties, some 20 minutes; it writes
 * docs/safety.md from what the tests saw, when all of them passed. A promise that fails stops none of the others; the end
 * is a line a test, and exit code 1 if one failed. Figures of speed and memory mean most on a machine with nothing else
 * to do: `--without-soak` leaves the ten minutes out that mean nothing elsewhere. `--short`: the form that `npm test`
 * runs. Other arguments go to vitest; then only some tests run, and the document stays.
 */
import { existsSync, mkdtempSync, readFileSync, rmSync, writeFileSync } from 'node:fs';
import { cpus, loadavg, tmpdir } from 'node:os';
import { join, relative } from 'node:path';
import { toSafetyPage } from './safety-page.mjs';
import { main, prepare, ROOT, run } from './setup.mjs';
import { addResults, countResults, toTotalsLine } from './test-results.mjs';

const DOCUMENT = join(ROOT, 'docs/safety.md');
const MARKS = { passed: '✓', failed: '✗' };
const OWN_FLAGS = new Set(['--short', '--without-soak']);

await main(async () => {
  const flags = process.argv.slice(2);
  const filter = flags.filter((flag) => !OWN_FLAGS.has(flag));
  const isLong = !flags.includes('--short');
  const withoutSoak = flags.includes('--without-soak');
  const isWhole = isLong && filter.length === 0;
  await prepare();
  const load = loadavg()[0] ?? 0;
  const startedMs = performance.now();
  const folder = mkdtempSync(join(tmpdir(), 'trackly-integrity-'));
  try {
    const record = join(folder, 'lines.json');
    const left = withoutSoak ? ['--exclude=**/a-soak-*'] : [];
    const env = { ...process.env, INTEGRITY_RECORD: record, ...(isLong ? { INTEGRITY_LONG: '1' } : {}) };
    const runs = [await runSuite(folder, 'integrity*', [...left, ...filter], env)];
    if (isWhole) runs.push(onlyFailures(await runSuite(folder, 'fuzz', [], process.env)));
    const minutes = (performance.now() - startedMs) / 60_000;
    const results = runs.map((one) => one.results).reduce(addResults);
    console.log(`\n${runs.flatMap((one) => one.lines).join('\n')}`);
    console.log(`\n${toTotalsLine(results)} in ${minutes.toFixed(1)} minutes`);
    const hasPassed = results.failed === 0 && results.passed > 0;
    if (hasPassed && isWhole) {
      const seen = readFileSync(record, 'utf8').trim().split('\n').map(JSON.parse);
      writeFileSync(DOCUMENT, toSafetyPage(seen, { ...describeMachine(), load, minutes, withoutSoak }));
      console.log('wrote docs/safety.md');
    } else console.log('docs/safety.md is left as it was: it is written when all of the long form passes.');
    return hasPassed ? 0 : 1;
  } finally {
    rmSync(folder, { recursive: true });
  }
});

function describeMachine() {
  return {
    date: new Date().toISOString().slice(0, 10),
    machine: `${cpus().length} × ${cpus()[0]?.model ?? 'unknown processor'}`,
    node: process.versions.node,
  };
}

/** Each test is told when it ends; resolves with the counts and a line a test. */
async function runSuite(folder, project, filter, env) {
  const file = join(folder, `${project.replace('*', '')}.json`);
  const output = ['--reporter=verbose', '--reporter=json', `--outputFile.json=${file}`];
  const vitest = join(ROOT, 'node_modules/vitest/vitest.mjs');
  const code = await run(process.execPath, [vitest, 'run', `--project=${project}`, ...output, ...filter], env);
  const report = existsSync(file) ? JSON.parse(readFileSync(file, 'utf8')) : null;
  return { results: countResults(code, report), lines: report === null ? [] : report.testResults.flatMap(toLines) };
}

/** The properties are many, and alike. */
function onlyFailures({ results, lines }) {
  return { results, lines: lines.filter((line) => line.startsWith(MARKS.failed)) };
}

function toLines({ name, message, assertionResults }) {
  if (assertionResults.length === 0) return [`✗         ${relative(ROOT, name)}: ${message}`];
  return assertionResults.map(({ status, title, duration, failureMessages }) => {
    const seconds = ((duration ?? 0) / 1_000).toFixed(1).padStart(6);
    const why = failureMessages.map((text) => `\n            ${text.split('\n')[0]}`);
    return `${MARKS[status] ?? '-'} ${seconds} s  ${title}${why.join('')}`;
  });
}
