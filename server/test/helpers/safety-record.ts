import { appendFileSync } from 'node:fs';
import { randomInt } from 'node:crypto';
import { beforeEach } from 'vitest';

/** What one run of a promise's test is told about, a line of docs/safety.md. */
export interface SafetyLine {
  readonly promise: string;
  readonly faults: string;
  readonly rounds: number;
  readonly seed?: string;
  readonly seen: string;
}

/** The long form, by `npm run integrity`; CI runs the short one. */
export const isLong = process.env['INTEGRITY_LONG'] === '1';

/** How often a fault is tried; `FAULT_ROUNDS=` says otherwise. */
export function chooseRounds(short: number, long: number): number {
  return readNumber('FAULT_ROUNDS') ?? (isLong ? long : short);
}

/** How long a fault lasts, in seconds; `FAULT_SECONDS=` says otherwise. */
export function chooseSeconds(short: number, long: number): number {
  return readNumber('FAULT_SECONDS') ?? (isLong ? long : short);
}

function readNumber(name: string): number | undefined {
  const text = process.env[name];
  return text === undefined || text === '' ? undefined : Number(text);
}

/** When the test began. */
let startedMs = performance.now();
beforeEach(() => {
  startedMs = performance.now();
});

/** Prints what a test saw, and keeps it for docs/safety.md when `npm run integrity` asks for it. Call it at the end. */
export function recordSafety(line: SafetyLine): void {
  console.log(`${line.promise}: ${line.seen}`);
  const seconds = Math.round((performance.now() - startedMs) / 1_000);
  const file = process.env['INTEGRITY_RECORD'];
  if (file !== undefined) appendFileSync(file, `${JSON.stringify({ ...line, seconds })}\n`);
}

/** Of `SEED=`, or a new one, which is printed. */
export function chooseSeed(): string {
  const seed = process.env['SEED'] ?? String(randomInt(2 ** 31));
  console.log(`SEED=${seed}`);
  return seed;
}
