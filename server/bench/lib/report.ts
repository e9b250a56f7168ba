import { describeMachine } from './machine.ts';

export interface Outcome {
  readonly bench: string;
  /** Units are in the names; the runner scales by them (scripts/bench/figures.mjs). */
  readonly figures: Readonly<Record<string, number>>;
  /** Highest figure that is allowed, by the figure's name, on a quiet machine. */
  readonly budget: Readonly<Record<string, number>>;
  /** What is to be reached: for `...PerSecond...` at least, else at most. Half of a rate's goal is its budget. */
  readonly goal?: Readonly<Record<string, number>>;
  /** What was on disk before it was answered. */
  readonly durable: string;
}

/** Prints the outcome as one line of JSON. `npm run bench` judges it: it knows how slow the machine was meanwhile. */
export function report({ bench, figures, budget, goal = {}, durable }: Outcome): void {
  const rounded = Object.fromEntries(Object.entries(figures).map(([name, figure]) => [name, round(figure)]));
  const where = { machine: describeMachine(), node: process.version };
  process.stdout.write(`${JSON.stringify({ bench, figures: rounded, budget, goal, durable, ...where })}\n`);
}

/** Four digits that count. */
function round(figure: number): number {
  return figure >= 1_000 ? Math.round(figure) : Number(figure.toPrecision(4));
}

/** The value that `share` (0 to 1) of the values do not exceed; 0 for none. Sorts in place. */
export function percentile(values: number[], share: number): number {
  values.sort((a, b) => a - b);
  return values[Math.max(0, Math.ceil(values.length * share) - 1)] ?? 0;
}

/** CI runs the short form. */
export const isShort = process.argv.includes('--short');
