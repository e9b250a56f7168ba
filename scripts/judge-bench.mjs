/*
 * Judges a benchmark by its budgets. A run's figures are what the code costs and what the machine's other tenants add;
 * they can only add. So a figure that is over its budget is measured again, and each figure counts by its best run:
 * slower code is over its budget in every run.
 */

/** How often a benchmark is run before it counts as over its budget. */
export const MOST_RUNS = 3;

/**
 * @param {readonly {readonly budget: Readonly<Record<string, number>>}[]} runs results of one benchmark, each with its
 *   figures beside `budget`
 * @returns {string[]} the names of the figures that no run kept within its budget, also those that no run has
 */
export function findOver(runs) {
  const budget = runs[0]?.budget ?? {};
  return Object.keys(budget).filter((name) => !runs.some((run) => run[name] <= budget[name]));
}

/**
 * @template Result
 * @param {() => Promise<Result | null>} run one run; null when it ended without a result, which is never tried again
 * @returns {Promise<{runs: Result[], over: string[]} | null>} runs until nothing is over its budget or runs are used up
 */
export async function runWithinBudget(run) {
  const runs = [];
  for (;;) {
    const result = await run(runs.length);
    if (result === null) return null;
    runs.push(result);
    const over = findOver(runs);
    if (over.length === 0 || runs.length === MOST_RUNS) return { runs, over };
  }
}
