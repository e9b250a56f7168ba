import { expect, test } from 'vitest';
import { findOver, MOST_RUNS, runWithinBudget } from './judge-bench.mjs';

const BUDGET = { cpuUs: 1, p99Ms: 50 };
const result = (cpuUs: number, p99Ms: number) => ({ bench: 'some', cpuUs, p99Ms, budget: BUDGET });

/** Gives the results one after another, and tells how many were asked for. */
function inTurn(results: readonly (ReturnType<typeof result> | null)[]) {
  const asked: number[] = [];
  const run = async (before: number) => {
    asked.push(before);
    return results[before] ?? null;
  };
  return { run, asked };
}

test('what is within its budgets runs once', async () => {
  const { run, asked } = inTurn([result(1, 50), result(0, 0)]);
  expect((await runWithinBudget(run))?.over).toEqual([]);
  expect(asked).toEqual([0]);
});

test('what was over once and is good the next time is good', async () => {
  const { run, asked } = inTurn([result(1.02, 10), result(0.8, 10)]);
  expect((await runWithinBudget(run))?.over).toEqual([]);
  expect(asked).toEqual([0, 1]);
});

test('each figure counts by its own best run', async () => {
  const { run } = inTurn([result(1.02, 10), result(0.8, 60)]);
  expect((await runWithinBudget(run))?.over).toEqual([]);
});

test('what is over in every run is over, and only that', async () => {
  const { run, asked } = inTurn([result(1.1, 60), result(1.2, 40), result(1.3, 70), result(0, 0)]);
  expect((await runWithinBudget(run))?.over).toEqual(['cpuUs']);
  expect(asked).toHaveLength(MOST_RUNS);
});

test('a run that ends without a result is not tried again', async () => {
  const { run, asked } = inTurn([result(2, 2), null, result(0, 0)]);
  expect(await runWithinBudget(run)).toBeNull();
  expect(asked).toEqual([0, 1]);
});

test('a figure that is missing or no number is over its budget', () => {
  expect(findOver([{ budget: { cpuUs: 1 } }])).toEqual(['cpuUs']);
  expect(findOver([{ cpuUs: Number.NaN, budget: { cpuUs: 1 } }])).toEqual(['cpuUs']);
});
