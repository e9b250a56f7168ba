/*
 * `npm run bench`: builds, runs every benchmark one after another and prints the figures; exits with 1 when one is over its
 * budget. The results become the baseline that later runs are shown against (server/bench/baseline.json), and
 * docs/performance.md with its plot and the figures in README.md are written from it.
 * `npm run bench -- gate render` runs some and keeps nothing, with `--baseline` keeps these too. `--ci`: the short form.
 * `--reference`: only measures the fixed pieces of work and makes this machine the reference of all budgets.
 */
import { existsSync, readFileSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { writeDocuments } from './bench/document.mjs';
import { bestOf, MOST_RUNS, runWithinBudget } from './bench/judge.mjs';
import { parseArguments } from './bench/parse-arguments.mjs';
import { withSpeedFolder, writeReference } from './bench/reference.mjs';
import { createRunner, listBenches } from './bench/run-bench.mjs';
import { printResult } from './bench/tables.mjs';
import { main, prepare, ROOT } from './setup.mjs';

const BASELINE = join(ROOT, 'server/bench/baseline.json');

await main(async () => {
  await prepare();
  const { editDistance } = await import('../cli/dist/nearest.js');
  const benches = listBenches();
  const { names, isShort, isKept, isReference } = parseArguments(process.argv.slice(2), benches, editDistance);
  if (isReference) {
    await writeReference(today());
    return 0;
  }
  const baseline = readBaseline();
  const results = {};
  await withSpeedFolder(async (dataDir) => {
    const run = await createRunner(isShort, dataDir);
    for (const name of names) {
      const result = await judge(name, run, baseline[name]);
      if (result === null) continue;
      results[name] = { ...result, date: today() };
      if (isKept) writeBaseline({ ...baseline, ...results }, benches);
    }
  });
  const isGood = names.every((name) => results[name]?.over.length === 0);
  console.log('');
  if (isKept) writeDocuments(Object.values(readBaseline()));
  const seconds = Math.round(performance.now() / 1_000);
  console.log(`${isGood ? 'All within their budgets' : 'Some failed or are over their budgets'}, after ${seconds} s.`);
  return isGood ? 0 : 1;
});

/** The run to show, `over` what no run kept within its budget; null when a run ended without a result. */
async function judge(name, run, before) {
  const judged = await runWithinBudget(async (count) => {
    if (count > 0) console.log(`  over its budget: measured again, ${count + 1} of at most ${MOST_RUNS} times`);
    const result = await run(name);
    if (result !== null) printResult(result, before?.figures);
    return result;
  });
  if (judged === null) return null;
  const { runs, over } = judged;
  if (over.length > 0) console.log(`  OVER BUDGET in each of ${runs.length} runs: ${over.join(', ')}`);
  else if (runs.length > 1) {
    console.log(
      "  within its budgets: each figure counts by its best run, because the machine's neighbours can only add",
    );
  }
  return { ...bestOf(runs), over };
}

/** The last result of each benchmark that was kept, by its name. */
function readBaseline() {
  return existsSync(BASELINE) ? JSON.parse(readFileSync(BASELINE, 'utf8')) : {};
}

/** Without benchmarks that there are no more. */
function writeBaseline(results, benches) {
  const kept = Object.fromEntries(benches.filter((name) => name in results).map((name) => [name, results[name]]));
  writeFileSync(BASELINE, `${JSON.stringify(kept, null, 2)}\n`);
}

function today() {
  return new Date().toISOString().slice(0, 10);
}
