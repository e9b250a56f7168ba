import { describeMachine } from './machine.ts';

export interface Outcome {
  readonly bench: string;
  /** Units are in the names. */
  readonly figures: Readonly<Record<string, number>>;
  /** Highest figure that is allowed, by the figure's name. */
  readonly budget: Readonly<Record<string, number>>;
  /** What was on disk before it was answered. */
  readonly durable: string;
}

/** Prints the outcome as one line of JSON; the process exits with 1 when a figure is over its budget. */
export function report({ bench, figures, budget, durable }: Outcome): void {
  const over = Object.keys(budget).filter((name) => !((figures[name] ?? Number.NaN) <= (budget[name] ?? 0)));
  const rounded = Object.fromEntries(Object.entries(figures).map(([name, figure]) => [name, round(figure)]));
  const node = process.version;
  const ok = over.length === 0;
  process.stdout.write(
    `${JSON.stringify({ bench, ...rounded, budget, ok, over, machine: describeMachine(), node, durable })}\n`,
  );
  if (!ok) process.exitCode = 1;
}

/** Three digits that count. */
function round(figure: number): number {
  return figure >= 100 ? Math.round(figure) : Number(figure.toPrecision(3));
}

/** The value that `share` (0 to 1) of the values do not exceed; 0 for none. Sorts in place. */
export function percentile(values: number[], share: number): number {
  values.sort((a, b) => a - b);
  return values[Math.max(0, Math.ceil(values.length * share) - 1)] ?? 0;
}

/** CI runs the short form. */
export const isShort = process.argv.includes('--short');
