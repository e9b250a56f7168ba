import { MINUTE_MS } from '../lib/clock.ts';
import type { RecipientReport } from '../store/carrier-ref-store.ts';
import type { OpenMessage } from '../store/in-doubt-store.ts';
import { MESSAGE_STATES } from './message-state.ts';

/** A receipt that comes later after the submit is taken for another message's. */
const FITS_MS = 10 * MINUTE_MS;

/**
 * The carrier's ids of messages in doubt, by number, from receipts that name no id we know. A receipt fits a message to
 * its recipient that was submitted at most 10 minutes before it came and begins with the text it shows. It must fit exactly
 * one, and that one be in doubt and no other receipt's: what is ambiguous stays in doubt.
 *
 * @param messages all to those recipients that the carrier may have and whose end is not known: in doubt, waiting for their
 *   answer, and sent, since a receipt may name those by an id that it never gave
 */
export function matchReceipts(
  messages: readonly OpenMessage[],
  reports: readonly RecipientReport[],
): Map<number, string> {
  const idsOf = new Map<number, Set<string>>();
  for (const report of reports) {
    const fitting = messages.filter((message) => fits(message, report));
    const [message] = fitting;
    if (message === undefined || fitting.length > 1) continue;
    const ids = idsOf.get(message.number) ?? new Set();
    idsOf.set(message.number, ids.add(report.carrierId));
  }
  const matched = new Map<number, string>();
  for (const { number, state, segments } of messages) {
    const [carrierId, ...others] = idsOf.get(number) ?? [];
    if (carrierId === undefined || others.length > 0) continue;
    if (state === MESSAGE_STATES.in_doubt && segments === 1) matched.set(number, carrierId);
  }
  return matched;
}

function fits({ phone, submittedMs, text }: OpenMessage, report: RecipientReport): boolean {
  const afterMs = report.parkedMs - submittedMs;
  if (phone !== report.phone || afterMs < 0 || afterMs > FITS_MS) return false;
  return text.startsWith(toPlainStart(report.textStart));
}

/** Receipts are written in any alphabet: only what is ASCII up to the first other character can be compared. */
function toPlainStart(textStart: string): string {
  return /^[\x20-\x7e]*/.exec(textStart)?.[0].trimEnd() ?? '';
}
