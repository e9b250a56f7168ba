import type { Clock } from '../lib/clock.ts';

/** `down`: nothing gets through; `failing`: the last tries did not, or a session is missing; `unknown`: nothing was tried. */
export type CarrierState = 'unknown' | 'up' | 'failing' | 'down';

/** How the sending side of one list fares at its carrier. */
export interface SendingHealth {
  readonly state: CarrierState;
  /** Messages that were submitted and are not answered yet. */
  readonly inFlight: number;
  /** Our word and the carrier's code; null: there was none. */
  readonly lastError: { readonly detail: string; readonly code: string | null; readonly atMs: number } | null;
  readonly lastSuccessMs: number | null;
  /** Of a carrier that messages go to over sessions; null: they do not, or none was opened yet. */
  readonly sessions: Sessions | null;
}

export interface Sessions {
  readonly bound: number;
  /** As many as the list asks for. */
  readonly wanted: number;
  /** Why some are missing; null: none is. */
  readonly missing: { readonly detail: string; readonly code: string | null } | null;
}

/** Receipts since the last time that they were taken. */
export interface ReceiptCounts {
  readonly matched: number;
  readonly total: number;
}

/** An answer of the carrier, as far as health is concerned. */
interface Answer {
  readonly outcome: {
    readonly kind: 'accepted' | 'refused' | 'retry' | 'in_doubt';
    readonly detail?: string | null;
    readonly code?: string | null;
    readonly connectionFailed?: boolean;
  };
}

/** What this process sees of the carriers of its lists. Called once a batch; nothing is kept a message. */
export interface CarrierHealth {
  onSubmitted(listId: number, count: number): void;
  onAnswered(listId: number, answers: readonly Answer[]): void;
  /** Of a submit that ended without these answers. */
  onUnanswered(listId: number, count: number): void;
  onReceipts(listId: number, matched: number, total: number): void;
  /** Sessions came or went. */
  onSessions(listId: number, sessions: Sessions): void;
  /** Lists that this process sent for. */
  sending(): ReadonlyMap<number, SendingHealth>;
  /** Since the start. */
  receipts(): ReadonlyMap<number, ReceiptCounts>;
  /** Lists whose health moved since the last call. */
  takeChanges(): HealthChanges;
}

export interface HealthChanges {
  readonly sending: ReadonlyMap<number, SendingHealth>;
  readonly receipts: ReadonlyMap<number, ReceiptCounts>;
}

/** In a row, as many as open the circuit of the list. */
const DOWN_AFTER = 5;

interface Mutable {
  failures: number;
  inFlight: number;
  lastError: SendingHealth['lastError'];
  lastSuccessMs: number | null;
  sessions: Sessions | null;
}

export function createCarrierHealth(clock: Clock): CarrierHealth {
  const lists = new Map<number, Mutable>();
  const totals = new Map<number, { matched: number; total: number }>();
  let changedLists = new Set<number>();
  let newReceipts = new Map<number, { matched: number; total: number }>();

  function change(listId: number): Mutable {
    changedLists.add(listId);
    const known = lists.get(listId);
    if (known !== undefined) return known;
    const fresh: Mutable = { failures: 0, inFlight: 0, lastError: null, lastSuccessMs: null, sessions: null };
    lists.set(listId, fresh);
    return fresh;
  }

  return {
    onSubmitted: (listId, count) => void (change(listId).inFlight += count),
    onUnanswered: (listId, count) => void (change(listId).inFlight -= count),
    onAnswered(listId, answers) {
      const list = change(listId);
      list.inFlight -= answers.length;
      const nowMs = clock();
      for (const { outcome } of answers) note(list, outcome, nowMs);
    },
    onReceipts(listId, matched, total) {
      add(totals, listId, matched, total);
      add(newReceipts, listId, matched, total);
    },
    onSessions(listId, sessions) {
      const list = change(listId);
      list.sessions = sessions;
      if (sessions.missing !== null) list.lastError = { ...sessions.missing, atMs: clock() };
    },
    sending: () => new Map([...lists].map(([listId, list]) => [listId, toSendingHealth(list)])),
    receipts: () => totals,
    takeChanges() {
      const ids = [...changedLists];
      const receipts = newReceipts;
      changedLists = new Set();
      newReceipts = new Map();
      const changed = ids.flatMap((id): [number, SendingHealth][] => {
        const list = lists.get(id);
        return list === undefined ? [] : [[id, toSendingHealth(list)]];
      });
      return { sending: new Map(changed), receipts };
    },
  };
}

/** A refusal is an answer: the way to the carrier works. One without any answer says nothing about it. */
function note(list: Mutable, outcome: Answer['outcome'], nowMs: number): void {
  const { kind, detail, code = null, connectionFailed = false } = outcome;
  if (kind === 'accepted') {
    list.lastSuccessMs = nowMs;
    list.failures = 0;
    return;
  }
  if (connectionFailed) list.failures++;
  else if (kind !== 'in_doubt') list.failures = 0;
  list.lastError = {
    detail: kind === 'in_doubt' ? 'in_doubt' : (detail ?? 'UNDELIVERABLE_NOT_DELIVERED'),
    code,
    atMs: nowMs,
  };
}

function toSendingHealth(list: Mutable): SendingHealth {
  const { inFlight, lastError, lastSuccessMs, sessions } = list;
  return { state: toState(list), inFlight, lastError, lastSuccessMs, sessions };
}

function toState({ failures, lastError, lastSuccessMs, sessions }: Mutable): CarrierState {
  if (failures >= DOWN_AFTER || sessions?.bound === 0) return 'down';
  if (failures > 0 || (sessions !== null && sessions.missing !== null)) return 'failing';
  return lastError === null && lastSuccessMs === null && sessions === null ? 'unknown' : 'up';
}

function add(
  counts: Map<number, { matched: number; total: number }>,
  listId: number,
  matched: number,
  total: number,
): void {
  const known = counts.get(listId) ?? { matched: 0, total: 0 };
  counts.set(listId, { matched: known.matched + matched, total: known.total + total });
}
