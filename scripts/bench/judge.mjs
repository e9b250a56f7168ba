/*
 * Judges a benchmark by its budgets. A run's figures are what the code costs and what the machine's other tenants add.
 * The slower these made fixed pieces of work just before and after the run, the more CPU the run may take. That is not
 * exact, but others can only add: so a figure that is over its budget is measured again, and each counts by its best run.
 * Slower code is over its budget in every run.
 */
import { toReference } from './figures.mjs';

/** How often a benchmark is run before it counts as over its budget. */
export const MOST_RUNS = 3;
/** Of a goal in messages a second, what must be reached. */
export const FLOOR_SHARE = 0.5;

/**
 * @typedef {Readonly<Record<string, number>>} Figures
 * @typedef {{figures: Figures, budget: Figures, goal?: Figures, slowness: import('./figures.mjs').Slowness}} Run
 * @typedef {{name: string, most?: number, least?: number}} Limit
 */

/**
 * Budgets are the most that is allowed; of a rate that has a goal, half of the goal is the least.
 * @param {Pick<Run, 'budget' | 'goal'>} run
 * @returns {Limit[]}
 */
export function limitsOf({ budget, goal = {} }) {
  const most = Object.entries(budget).map(([name, value]) => ({ name, most: value }));
  const least = Object.entries(goal)
    .filter(([name]) => name.includes('PerSecond'))
    .map(([name, value]) => ({ name, least: value * FLOOR_SHARE }));
  return [...most, ...least];
}

/**
 * How slow the machine was during a run: the mean of before and after it.
 * @typedef {{cpuMs: number, wallMs: number, databaseMs: number}} Times of the fixed pieces of work
 * @param {Times} before
 * @param {Times} after
 * @param {Times} reference
 */
export function slownessBetween(before, after, reference) {
  const mean = (time) => (before[time] + after[time]) / 2 / reference[time];
  return { cpu: mean('cpuMs'), wall: mean('wallMs'), database: mean('databaseMs') };
}

/** False for a figure that the run does not have. */
export function isWithin({ figures, slowness }, { name, most = Infinity, least = -Infinity }) {
  const figure = toReference(name, figures, slowness);
  return figure <= most && figure >= least;
}

/** As measured: a goal that only a quieter machine would reach is not reached. For rates more is better. */
export function isGoalReached({ figures, goal }, name) {
  const figure = figures[name] ?? Number.NaN;
  return name.includes('PerSecond') ? figure >= goal[name] : figure <= goal[name];
}

/**
 * @param {readonly Run[]} runs of one benchmark
 * @returns {string[]} the names of the figures that no run kept within its limits, also those that no run has
 */
export function findOver(runs) {
  if (runs.length === 0) return [];
  return limitsOf(runs[0])
    .filter((limit) => !runs.some((run) => isWithin(run, limit)))
    .map(({ name }) => name);
}

/** The run that kept most of its limits, the first of several. */
export function bestOf(runs) {
  const countKept = (run) => limitsOf(run).filter((limit) => isWithin(run, limit)).length;
  return runs.reduce((best, run) => (countKept(run) > countKept(best) ? run : best));
}

/**
 * @template {Run} Result
 * @param {(before: number) => Promise<Result | null>} run one run, told how many there were before; null when it ended
 *   without a result, which is never tried again
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
