/*
 * `npm run integrity`: builds, runs the integrity suite and writes docs/safety.md from what its tests saw. `--long`: the
 * long form, with more rounds. Other arguments go to vitest; then only some tests run and the document is left alone.
 */
import { existsSync, mkdtempSync, readFileSync, rmSync, writeFileSync } from 'node:fs';
import { cpus, tmpdir } from 'node:os';
import { join } from 'node:path';
import { main, prepare, ROOT, run } from './setup.mjs';

const DOCUMENT = join(ROOT, 'docs/safety.md');
const COLUMNS = ['promise', 'faults', 'rounds', 'seed', 'seen'];
const HEADS = ['promise', 'faults', 'rounds', 'seed', 'what was seen'];

await main(async () => {
  const filter = process.argv.slice(2).filter((argument) => argument !== '--long');
  const isLong = process.argv.includes('--long');
  await prepare();
  const folder = mkdtempSync(join(tmpdir(), 'trackly-integrity-'));
  const record = join(folder, 'lines.json');
  try {
    const code = await runSuite(isLong, record, filter);
    const lines = existsSync(record) ? readFileSync(record, 'utf8').trim().split('\n') : [];
    if (code === 0 && filter.length === 0) writeDocument(lines.map(JSON.parse), isLong);
    else console.log('\ndocs/safety.md is left as it was: it is written when the whole suite passes.');
    return code;
  } finally {
    rmSync(folder, { recursive: true });
  }
});

function runSuite(isLong, record, filter) {
  const vitest = join(ROOT, 'node_modules/vitest/vitest.mjs');
  const env = { ...process.env, INTEGRITY_RECORD: record, ...(isLong ? { INTEGRITY_LONG: '1' } : {}) };
  return run(process.execPath, [vitest, 'run', '--project=integrity', ...filter], env);
}

function writeDocument(lines, isLong) {
  const rows = lines
    .sort((a, b) => a.promise.localeCompare(b.promise))
    .map((line) => COLUMNS.map((column) => String(line[column] ?? '').replaceAll('|', '\\|')));
  const widths = HEADS.map((head, column) => Math.max(head.length, ...rows.map((row) => row[column].length)));
  const toLine = (cells) => `| ${cells.map((cell, column) => cell.padEnd(widths[column])).join(' | ')} |`;
  const text = [
    '# Safety',
    '',
    'Written by `npm run integrity`; do not edit.',
    '',
    `Tried on ${new Date().toISOString().slice(0, 10)}: ${cpus().length} × ${cpus()[0]?.model ?? 'unknown processor'},`,
    `Node ${process.versions.node}. ${isLong ? 'The long form.' : 'The short form, as in CI.'}`,
    '',
    'Each promise is a file of `server/test/integrity/`. The judge is never the program itself: it is the ledger of the',
    'simulated carrier and the list of what was answered with 201, kept by the test. `SEED=` repeats a run as far as the',
    'machine allows.',
    '',
    toLine(HEADS),
    toLine(widths.map((width) => '-'.repeat(width))),
    ...rows.map(toLine),
  ];
  writeFileSync(DOCUMENT, `${text.join('\n')}\n`);
  console.log('\nwrote docs/safety.md');
}
