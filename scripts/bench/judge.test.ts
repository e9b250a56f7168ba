import { expect, test } from 'vitest';
import { bestOf, findOver, isGoalReached, limitsOf, MOST_RUNS, runWithinBudget, slownessBetween } from './judge.mjs';

const BUDGET = { cpuUs: 1, p99Ms: 50 };
const QUIET = { cpu: 1, wall: 1 };
const result = (cpuUs: number, p99Ms: number) => ({ figures: { cpuUs, p99Ms }, budget: BUDGET, slowness: QUIET });

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

test('a figure that is missing or no number is over its budget, whatever the machine does', () => {
  const slowness = { cpu: 100, wall: 100 };
  expect(findOver([{ figures: { cpuMs: 0.1 }, budget: { cpuUs: 1 }, slowness }])).toEqual(['cpuUs']);
  expect(findOver([{ figures: { cpuUs: Number.NaN }, budget: { cpuUs: 1 }, slowness }])).toEqual(['cpuUs']);
  expect(findOver([{ figures: {}, budget: {}, goal: { messagesPerSecond: 1 }, slowness }])).toEqual([
    'messagesPerSecond',
  ]);
});

test.each([
  { name: 'cpuUs1000', slowness: { cpu: 1.5, wall: 1 }, within: 1.5, over: 1.51 },
  { name: 'encodeNs', slowness: { cpu: 1.5, wall: 3 }, within: 1.5, over: 1.51 },
  { name: 'cpuUs1000', slowness: { cpu: 0.5, wall: 1 }, within: 1, over: 1.01 },
  { name: 'cpuUs1000', slowness: { cpu: 5, wall: 1 }, within: 2, over: 2.01 },
  { name: 'p99Ms10', slowness: { cpu: 2, wall: 2 }, within: 1, over: 1.01 },
  { name: 'peakMib', slowness: { cpu: 2, wall: 2 }, within: 1, over: 1.01 },
])('with slowness $slowness.cpu a budget of 1 allows $within for $name', ({ name, slowness, within, over }) => {
  expect(findOver([{ figures: { [name]: within }, budget: { [name]: 1 }, slowness }])).toEqual([]);
  expect(findOver([{ figures: { [name]: over }, budget: { [name]: 1 }, slowness }])).toEqual([name]);
});

test('of a goal in messages a second half must be reached, less on a slow machine', () => {
  const run = (messagesPerSecond: number, wall: number) => ({
    figures: { messagesPerSecond },
    budget: {},
    goal: { messagesPerSecond: 1_000 },
    slowness: { cpu: 1, wall },
  });
  expect(limitsOf(run(0, 1))).toEqual([{ name: 'messagesPerSecond', least: 500 }]);
  expect(findOver([run(500, 1)])).toEqual([]);
  expect(findOver([run(499, 1)])).toEqual(['messagesPerSecond']);
  expect(findOver([run(250, 2)])).toEqual([]);
  expect(findOver([run(249, 2)])).toEqual(['messagesPerSecond']);
  expect(findOver([run(249, 9)])).toEqual(['messagesPerSecond']);
});

test('a goal is reached by what was measured, however slow the machine was', () => {
  const run = (messagesPerSecond: number, p99Ms: number) => ({
    figures: { messagesPerSecond, p99Ms },
    goal: { messagesPerSecond: 1_000, p99Ms: 50 },
    slowness: { cpu: 2, wall: 2 },
  });
  expect(isGoalReached(run(1_000, 50), 'messagesPerSecond')).toBe(true);
  expect(isGoalReached(run(999, 50), 'messagesPerSecond')).toBe(false);
  expect(isGoalReached(run(1_000, 50), 'p99Ms')).toBe(true);
  expect(isGoalReached(run(1_000, 51), 'p99Ms')).toBe(false);
});

test('the machine is as slow as before and after the run on average, compared with the reference', () => {
  const reference = { cpuMs: 100, wallMs: 200, databaseMs: 50 };
  const times = (cpuMs: number, wallMs: number, databaseMs: number) => ({ cpuMs, wallMs, databaseMs });
  expect(slownessBetween(times(120, 400, 50), times(140, 600, 100), reference)).toEqual({
    cpu: 1.3,
    wall: 2.5,
    database: 1.5,
  });
  expect(slownessBetween(times(70, 160, 40), times(90, 200, 30), reference)).toEqual({
    cpu: 0.8,
    wall: 0.9,
    database: 0.7,
  });
});

test("a budget holds what PostgreSQL's part was worth at its own reference speed", () => {
  const run = (postgresCpuUs: number) => ({
    figures: { cpuUs: 1 + postgresCpuUs, postgresCpuUs },
    budget: { cpuUs: 2 },
    slowness: { cpu: 1, wall: 1, database: 1.5 },
  });
  expect(findOver([run(1.5)])).toEqual([]);
  expect(findOver([run(1.51)])).toEqual(['cpuUs']);
});

test('the run that kept most of its limits is the one to show', () => {
  expect(bestOf([result(2, 60), result(2, 10), result(0.5, 10), result(0.4, 9)])).toEqual(result(0.5, 10));
});
