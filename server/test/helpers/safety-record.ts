import { appendFileSync } from 'node:fs';
import { randomInt } from 'node:crypto';

/** What one run of a promise's test is told about, a line of docs/safety.md. */
export interface SafetyLine {
  readonly promise: string;
  readonly faults: string;
  readonly rounds: number;
  readonly seed?: string;
  readonly seen: string;
}

/** The long form, by `npm run integrity -- --long`. */
export const isLong = process.env['INTEGRITY_LONG'] === '1';

/** Prints what a test saw, and keeps it for docs/safety.md when `npm run integrity` asks for it. Call it at the end. */
export function recordSafety(line: SafetyLine): void {
  console.log(`${line.promise}: ${line.seen}`);
  const file = process.env['INTEGRITY_RECORD'];
  if (file !== undefined) appendFileSync(file, `${JSON.stringify(line)}\n`);
}

/** Of `SEED=`, or a new one, which is printed. */
export function chooseSeed(): string {
  const seed = process.env['SEED'] ?? String(randomInt(2 ** 31));
  console.log(`SEED=${seed}`);
  return seed;
}
