/*
 * `npm run integrity`: the long form of the integrity suite and of the properties, some 25 minutes; it writes
 * docs/safety.md from what the tests saw. `--short`: the form that `npm test` runs. Other arguments go to vitest; then only
 * some tests run. The document is written only after all of the long form.
 */
import { mkdtempSync, readFileSync, rmSync, writeFileSync } from 'node:fs';
import { cpus, tmpdir } from 'node:os';
import { join } from 'node:path';
import { main, prepare, ROOT, run } from './setup.mjs';

const DOCUMENT = join(ROOT, 'docs/safety.md');
const COLUMNS = ['promise', 'faults', 'rounds', 'seed', 'seen'];
const HEADS = ['promise', 'faults', 'rounds', 'seed', 'what was seen'];

await main(async () => {
  const filter = process.argv.slice(2).filter((argument) => argument !== '--short');
  const isLong = !process.argv.includes('--short');
  const isWhole = isLong && filter.length === 0;
  await prepare();
  const folder = mkdtempSync(join(tmpdir(), 'trackly-integrity-'));
  const record = join(folder, 'lines.json');
  try {
    const code = (await runSuite(isLong, record, filter)) || (isWhole ? await runProperties() : 0);
    if (code === 0 && isWhole) writeDocument(readFileSync(record, 'utf8').trim().split('\n').map(JSON.parse));
    else console.log('\ndocs/safety.md is left as it was: it is written when all of the long form passes.');
    return code;
  } finally {
    rmSync(folder, { recursive: true });
  }
});

function runSuite(isLong, record, filter) {
  const env = { ...process.env, INTEGRITY_RECORD: record, ...(isLong ? { INTEGRITY_LONG: '1' } : {}) };
  return runVitest(['--project=integrity*', ...filter], env);
}

function runProperties() {
  return runVitest(['--project=fuzz'], process.env);
}

function runVitest(args, env) {
  return run(process.execPath, [join(ROOT, 'node_modules/vitest/vitest.mjs'), 'run', ...args], env);
}

function writeDocument(lines) {
  const rows = lines
    .sort((a, b) => `${a.promise} ${a.faults}`.localeCompare(`${b.promise} ${b.faults}`))
    .map((line) => COLUMNS.map((column) => String(line[column] ?? '').replaceAll('|', '\\|')));
  const widths = HEADS.map((head, column) => Math.max(head.length, ...rows.map((row) => row[column].length)));
  const toLine = (cells) => `| ${cells.map((cell, column) => cell.padEnd(widths[column])).join(' | ')} |`;
  const text = [
    '# Safety',
    '',
    'Written by `npm run integrity`, the long form; do not edit. `npm test` runs a short form with the same faults.',
    '',
    `Tried on ${new Date().toISOString().slice(0, 10)}: ${cpus().length} × ${cpus()[0]?.model ?? 'unknown processor'}, Node ${process.versions.node}.`,
    '',
    'Each promise is a file of `server/test/integrity/`. The judge is never the program itself: it is the ledger of the',
    'simulated carrier and the list of what was answered with 201, kept by the test. `SEED=` repeats a run as far as the',
    'machine allows; `FAULT_ROUNDS=` and `FAULT_SECONDS=` choose how often and how long. The properties of the unit tests',
    'ran with their 40,000 cases (`npm run fuzz`).',
    '',
    toLine(HEADS),
    toLine(widths.map((width) => '-'.repeat(width))),
    ...rows.map(toLine),
  ];
  writeFileSync(DOCUMENT, `${text.join('\n')}\n`);
  console.log('\nwrote docs/safety.md');
}
