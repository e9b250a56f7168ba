import type { SubmitOutcome } from './carrier.ts';

/** A carrier's code in our words. */
export interface CodeMeaning {
  readonly detail: string;
  readonly permanent: boolean;
  /** At submission: refused for now, may go again. */
  readonly temporary: boolean;
}

export type CodeTable = ReadonlyMap<string, CodeMeaning>;

/** A row of a published code table: our word, whether it is permanent, the carrier's codes. */
export type CodeRow = readonly [
  detail: string,
  kind: 'permanent' | 'passing' | 'temporary',
  codes: readonly (string | number)[],
];

export function createCodeTable(rows: readonly CodeRow[]): CodeTable {
  const table = new Map<string, CodeMeaning>();
  for (const [detail, kind, codes] of rows) {
    const meaning = { detail, permanent: kind === 'permanent', temporary: kind === 'temporary' };
    for (const code of codes) table.set(String(code), meaning);
  }
  return table;
}

/** A code that no table knows is shown as it is and has no effect on the recipient. */
export function meaningOf(table: CodeTable, code: string): CodeMeaning {
  return table.get(code) ?? { detail: `CARRIER_${code}`.slice(0, 64), permanent: false, temporary: false };
}

/** The outcome of a submit that was refused with a code. */
export function refusedWith({ detail, permanent, temporary }: CodeMeaning, code: string): SubmitOutcome {
  if (!temporary) return { kind: 'refused', detail, permanent, code };
  return { kind: 'retry', detail, code, connectionFailed: detail === 'REJECTED_CREDENTIALS' };
}

const OF_STATUS = createCodeTable([
  ['REJECTED_CREDENTIALS', 'temporary', [401, 403]],
  ['THROTTLED', 'temporary', [429]],
]);

/**
 * The outcome of an answer that says nothing but its HTTP status, and is no success: a refusal when the fault is said to
 * be ours (4xx); in doubt for everything else (RFC 9110 §15), a redirect included, which is never followed.
 */
export function outcomeOfStatus(status: number): SubmitOutcome {
  const code = `HTTP_${status}`;
  if (status < 400 || status > 499) return { kind: 'in_doubt', code };
  const known = OF_STATUS.get(String(status));
  return refusedWith(known ?? { detail: `CARRIER_${code}`, permanent: false, temporary: false }, code);
}

/**
 * The outcome of an answer that is no success and names a code: what the table says of it. One that the table does not
 * know is a refusal when the fault is said to be ours (4xx), else in doubt. `code` null: the answer names none.
 */
export function outcomeOfCode(table: CodeTable, code: string | null, status: number): SubmitOutcome {
  const known = code === null ? undefined : table.get(code);
  if (code !== null && known !== undefined) return refusedWith(known, code);
  const isOfStatusAlone = code === null || status === 401 || status === 429;
  if (isOfStatusAlone || status < 400 || status > 499) return outcomeOfStatus(status);
  return refusedWith(meaningOf(table, code), code);
}
