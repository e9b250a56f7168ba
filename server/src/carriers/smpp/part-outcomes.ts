import type { PartOutcome } from '@trackly/smpp';
import { WITHDRAWN, type CarrierReport, type SubmitOutcome } from '../carrier.ts';
import { refusedWith } from '../code-table.ts';
import { meaningOfStatus, toStatusCode } from './codes.ts';

/** What became of a message by its parts. */
export interface Settlement {
  readonly outcome: SubmitOutcome;
  /** A part will never come while another may: the message is undelivered, which is told before the outcome. */
  readonly report: CarrierReport | null;
}

export interface SettleOptions {
  /** The id that receipts will have. */
  readonly toId: (id: string) => string;
  /** Of a message of which nothing was sent. */
  readonly notSent: SubmitOutcome;
}

/**
 * Parts in order make an outcome. Accepted: every one was. Refused or to be tried again: none can have been taken. In
 * doubt: some may have been taken and none was refused. A part that was refused beside others that may be out makes the
 * message undelivered, and nothing of it is repeated.
 */
export function settleParts(
  messageId: string,
  parts: readonly PartOutcome[],
  { toId, notSent }: SettleOptions,
): Settlement {
  const carrierIds = parts.map((part) => (part.kind === 'accepted' ? toId(part.messageId) : ''));
  const mayBeOut = parts.some(({ kind }) => kind === 'accepted' || kind === 'in_doubt');
  const lost = parts.findIndex(({ kind }) => kind === 'refused' || kind === 'not_sent');
  if (!mayBeOut) return { outcome: toRefusal(parts, notSent), report: null };
  if (lost >= 0) {
    const report = toReport(messageId, lost + 1, parts);
    return { outcome: { kind: 'accepted', carrierIds, detail: 'PENDING', echoesOwnId: false }, report };
  }
  if (parts.every(({ kind }) => kind === 'accepted')) {
    return { outcome: { kind: 'accepted', carrierIds, detail: 'PENDING', echoesOwnId: false }, report: null };
  }
  const doubt = parts.find((part) => part.kind === 'in_doubt');
  const code = doubt?.reason === 'timed_out' ? 'timeout' : 'closed';
  const known = carrierIds.some((id) => id !== '') ? { carrierIds } : {};
  return { outcome: { kind: 'in_doubt', code, ...known }, report: null };
}

/** Of a message that certainly was not taken: a refusal for good goes before one for now. */
function toRefusal(parts: readonly PartOutcome[], notSent: SubmitOutcome): SubmitOutcome {
  const refusals = parts.flatMap((part) => (part.kind === 'refused' ? [part.status] : []));
  const status = refusals.find((each) => !meaningOfStatus(each).temporary) ?? refusals[0];
  if (status !== undefined) return refusedWith(meaningOfStatus(status), toStatusCode(status));
  if (parts.some((part) => part.kind === 'not_sent' && part.reason === 'invalid')) return UNSENDABLE;
  return parts.some((part) => part.kind === 'not_sent' && part.reason === 'withdrawn') ? WITHDRAWN : notSent;
}

/** It does not fit its PDU, and never will. */
export const UNSENDABLE: SubmitOutcome = {
  kind: 'refused',
  detail: 'REJECTED_CONTENT',
  permanent: true,
  code: 'invalid',
};

/** The first refusal by the SMSC says why; a part that was not sent has none of its own. */
function toReport(messageId: string, part: number, parts: readonly PartOutcome[]): CarrierReport {
  const refused = parts.find((each) => each.kind === 'refused');
  const meaning = refused === undefined ? undefined : meaningOfStatus(refused.status);
  return {
    messageId,
    carrierId: null,
    part,
    state: 'undelivered',
    detail: meaning?.detail ?? 'UNDELIVERABLE_NOT_DELIVERED',
    permanent: meaning?.permanent ?? false,
    code: refused === undefined ? null : toStatusCode(refused.status),
    atMs: null,
  };
}
