import { MESSAGE_STATES as S, type MessageStateCode } from './message-state.ts';

/** What a message, or a part of one, looks like to a report. */
export interface ReportedState {
  readonly state: MessageStateCode;
  readonly detail: string | null;
  /** Carrier time of the report that made the state; null: none did. */
  readonly carrierMs: number | null;
}

/** A report in the pipeline's terms. */
export interface Report {
  readonly state: 'sent' | 'delivered' | 'undelivered' | 'failed';
  readonly detail: string | null;
  /** Carrier time, else the time of arrival. */
  readonly atMs: number;
}

/** The state that a report names. */
export const REPORTED: Record<Report['state'], MessageStateCode> = {
  sent: S.sent,
  delivered: S.delivered,
  undelivered: S.undelivered,
  // A message that a carrier reports about was accepted before, so its failure is one after acceptance.
  failed: S.undelivered,
};

/** States in which the carrier may have the message and nothing final is known. */
const OPEN: ReadonlySet<number> = new Set([S.submitting, S.sent, S.in_doubt, S.unknown]);

/**
 * The state that a report makes of a message or part; undefined when it changes nothing (a repeat, a step back, or a
 * message that never went out).
 *
 * - An intermediate report never undoes a final one, and leaves `submitting` to the carrier's answer.
 * - `delivered` and `undelivered` replace each other when the later carrier time says so; `contradict` false (messages
 *   of several parts) switches that off.
 * - A message that waits for another try was taken after all when a report says so.
 */
export function applyReport(current: ReportedState, report: Report, contradict: boolean): MessageStateCode | undefined {
  const next = REPORTED[report.state];
  if (OPEN.has(current.state)) {
    if (next !== S.sent) return next;
    return current.state === S.in_doubt || current.state === S.unknown ? S.sent : undefined;
  }
  if (current.state === S.queued && next !== S.sent) return next;
  const isFinalPair = current.state === S.delivered || current.state === S.undelivered;
  if (!isFinalPair || next === S.sent || next === current.state || !contradict) return undefined;
  return current.carrierMs === null || report.atMs > current.carrierMs ? next : undefined;
}

/** A part without a report yet is open. */
export interface PartState {
  readonly state: MessageStateCode | null;
}

/** The state of a message by its parts: failed when one failed, delivered when all are; undefined while open. */
export function stateOfParts(parts: readonly PartState[]): MessageStateCode | undefined {
  if (parts.some((part) => part.state === S.undelivered)) return S.undelivered;
  return parts.every((part) => part.state === S.delivered) ? S.delivered : undefined;
}
