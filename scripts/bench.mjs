/*
 * `npm run bench`: builds, runs every benchmark one after another and prints a table; exits with 1 when one is over its
 * budget. `npm run bench -- gate render` runs some of them. `--ci`: the short form. `--write`: also writes
 * docs/performance.md. `--baseline`: also keeps the figures in server/bench/baseline.json, to compare later runs with.
 */
import { spawn } from 'node:child_process';
import { existsSync, readdirSync, readFileSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { pathToFileURL } from 'node:url';
import { MOST_RUNS, runWithinBudget } from './judge-bench.mjs';
import { main, prepare, ROOT, SetupError } from './setup.mjs';

const BENCHES = join(ROOT, 'server/bench');
const BASELINE = join(BENCHES, 'baseline.json');
const DOCUMENT = join(ROOT, 'docs/performance.md');
/** What a result holds beside its figures. */
const FACTS = new Set(['bench', 'budget', 'ok', 'over', 'machine', 'node', 'durable']);
/** A benchmark that takes longer hangs. */
const LIMIT_MS = 10 * 60_000;

await main(async () => {
  const options = new Set(process.argv.slice(2).filter((argument) => argument.startsWith('--')));
  const unknown = [...options].filter((option) => !['--ci', '--write', '--baseline'].includes(option));
  if (unknown.length > 0) throw new SetupError(`Unknown: ${unknown.join(' ')}. Known: --ci, --write, --baseline.`);
  const names = pickNames(process.argv.slice(2).filter((argument) => !argument.startsWith('--')));
  if (options.has('--write') && names.length < pickNames([]).length) {
    throw new SetupError('--write needs all benchmarks: the document is written as a whole.');
  }
  await prepare();
  const baseline = readBaseline();
  const results = [];
  for (const name of names) {
    results.push(await judge(name, options.has('--ci'), baseline.results[name]));
  }
  const good = results.filter((result) => result !== null);
  const ok = good.length === names.length && good.every((result) => result.ok);
  if (options.has('--baseline')) writeBaseline(baseline, good);
  if (options.has('--write')) writeDocument(good, options.has('--ci'));
  console.log(ok ? '\nAll within their budgets.' : '\nSome failed or are over their budgets.');
  return ok ? 0 : 1;
});

function pickNames(wanted) {
  const all = readdirSync(BENCHES)
    .filter((file) => file.endsWith('.bench.ts'))
    .map((file) => file.slice(0, -'.bench.ts'.length))
    .sort();
  const missing = wanted.filter((name) => !all.includes(name));
  if (missing.length > 0)
    throw new SetupError(`No such benchmark: ${missing.join(' ')}. There are: ${all.join(', ')}.`);
  return wanted.length > 0 ? wanted : all;
}

/** The last run's result, `over` what no run kept within its budget; null when a run ended without one. */
async function judge(name, short, before) {
  const judged = await runWithinBudget(async (runs) => {
    if (runs > 0) console.log(`  over its budget: measured again, ${runs + 1} of at most ${MOST_RUNS} times`);
    const result = await runBench(name, short);
    if (result !== null) printTable(result, before);
    return result;
  });
  if (judged === null) return null;
  const { runs, over } = judged;
  if (over.length > 0) console.log(`  OVER BUDGET in each of ${runs.length} runs: ${over.join(', ')}`);
  else if (runs.length > 1) console.log('  within its budgets: each figure counts by its best run');
  return { ...runs.at(-1), over, ok: over.length === 0 };
}

/** The result, or null when it ended without one. */
function runBench(name, short) {
  const loaders = ['tsx', pathToFileURL(join(BENCHES, 'lib/use-built.mjs')).href];
  const args = [...loaders.flatMap((loader) => ['--import', loader]), join(BENCHES, `${name}.bench.ts`)];
  return new Promise((resolve, reject) => {
    const child = spawn(process.execPath, [...args, ...(short ? ['--short'] : [])], {
      cwd: ROOT,
      stdio: ['ignore', 'pipe', 'inherit'],
      timeout: LIMIT_MS,
    });
    let output = '';
    child.stdout.setEncoding('utf8').on('data', (chunk) => (output += chunk));
    child.once('error', reject);
    child.once('close', (code, signal) => {
      const line = output.trim().split('\n').at(-1) ?? '';
      if (line.startsWith('{"bench"')) return resolve(JSON.parse(line));
      console.error(`\n${name}: ended without a result (${signal ?? `exit code ${code}`})`);
      resolve(null);
    });
  });
}

function figuresOf(result) {
  return Object.entries(result).filter(([name]) => !FACTS.has(name));
}

function printTable(result, before) {
  console.log(`\n${result.bench}${result.ok ? '' : '  OVER BUDGET'}`);
  for (const [name, value] of figuresOf(result)) {
    const was = before?.[name] === undefined ? '' : `baseline ${format(before[name])}`;
    const budget = result.budget[name];
    const limit = budget === undefined ? '' : `budget ${format(budget)}${result.over.includes(name) ? '  OVER' : ''}`;
    console.log(`  ${name.padEnd(24)} ${format(value).padStart(12)}  ${was.padEnd(20)}  ${limit}`.trimEnd());
  }
}

function format(value) {
  return value.toLocaleString('en-US', { maximumSignificantDigits: value >= 100 ? 21 : 3 });
}

function readBaseline() {
  return existsSync(BASELINE) ? JSON.parse(readFileSync(BASELINE, 'utf8')) : { results: {} };
}

function writeBaseline(baseline, results) {
  const kept = { ...baseline.results };
  for (const result of results) kept[result.bench] = Object.fromEntries(figuresOf(result));
  const { machine, node } = results[0] ?? baseline;
  const written = { machine, node, date: today(), results: kept };
  writeFileSync(BASELINE, `${JSON.stringify(written, null, 2)}\n`);
  console.log('\nwrote server/bench/baseline.json');
}

function today() {
  return new Date().toISOString().slice(0, 10);
}

function writeDocument(results, short) {
  const { machine, node } = results[0] ?? {};
  const form = short ? 'The short form, as in CI.' : 'The long form.';
  const lines = [
    '# Performance',
    '',
    'Written by `npm run bench -- --write`; do not edit.',
    '',
    `Measured on ${today()}: ${machine}, Node ${node}. ${form}`,
    '',
    'CPU is user and system time of all threads of the processes that serve, divided by messages; the load comes from',
    'another process on the same cores and is not in it. Wall figures (a second, Ms) move with whatever else the machine',
    'does, CPU figures with how loud its neighbours are. Budgets are the most that is allowed: a benchmark over one is run',
    `again, at most ${MOST_RUNS} times in all, and fails when a figure was over its budget in every run.`,
    ...results.flatMap(toSection),
  ];
  writeFileSync(DOCUMENT, `${lines.join('\n')}\n`);
  console.log('\nwrote docs/performance.md');
}

function toSection(result) {
  const rows = figuresOf(result).map(([name, value]) => [`\`${name}\``, format(value), limitOf(result, name)]);
  const heads = ['figure', 'measured', 'budget'];
  const widths = heads.map((head, column) => Math.max(head.length, ...rows.map((row) => row[column].length)));
  const toLine = ([first, ...others]) =>
    `| ${[first.padEnd(widths[0]), ...others.map((cell, index) => cell.padStart(widths[index + 1]))].join(' | ')} |`;
  const rule = `| ${'-'.repeat(widths[0])} | ${widths
    .slice(1)
    .map((width) => `${'-'.repeat(width - 1)}:`)
    .join(' | ')} |`;
  const title = `${result.bench[0].toUpperCase()}${result.bench.slice(1).replaceAll('-', ' ')}`;
  const durable = `Durable: ${result.durable}.`;
  return ['', `## ${title}`, '', durable, '', toLine(heads), rule, ...rows.map(toLine)];
}

function limitOf(result, name) {
  return result.budget[name] === undefined ? '' : format(result.budget[name]);
}
