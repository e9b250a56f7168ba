/** The gate's checks in their order. A check's place is its place in the packed bits: append only. */
export const CHECKS = [
  'account',
  'list',
  'list_status',
  'verified',
  'billing',
  'stale',
  'render',
  'blocked_words',
  'contact',
  'duplicate',
  'journey',
  'frequency_cap',
  'quiet_hours',
  'budget',
  'rate',
  'circuit',
] as const;

export type Check = (typeof CHECKS)[number];
export type DecisionResult = 'pass' | 'exempt' | 'fail';

const RESULTS = [null, 'pass', 'exempt', 'fail'] as const;
const CODE: Record<DecisionResult, number> = { pass: 1, exempt: 2, fail: 3 };
const WEIGHT = Object.fromEntries(CHECKS.map((check, index) => [check, 4 ** index])) as Record<Check, number>;

/** Two bits a check in one safe integer (16 checks fill 32 bits). 0: the check did not run. */
export function setDecision(packed: number, check: Check, result: DecisionResult): number {
  const weight = WEIGHT[check];
  const before = Math.floor(packed / weight) % 4;
  return packed + (CODE[result] - before) * weight;
}

export function decisionOf(packed: number, check: Check): DecisionResult | null {
  return RESULTS[Math.floor(packed / WEIGHT[check]) % 4] ?? null;
}

export interface Decision {
  readonly check: Check;
  readonly result: DecisionResult;
}

/** The checks that ran, in the gate's order. */
export function toDecisions(packed: number): Decision[] {
  const decisions: Decision[] = [];
  for (const check of CHECKS) {
    const result = decisionOf(packed, check);
    if (result !== null) decisions.push({ check, result });
  }
  return decisions;
}
