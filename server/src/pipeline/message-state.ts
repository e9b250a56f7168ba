/**
 * States of a message, as stored. The words are those of the API's `state`; `submitting` is shown as `queued`.
 *
 * ```text
 * scheduled -> queued <-> held        waiting
 * queued/held -> submitting           the durable mark before the bytes go out
 * submitting -> sent | in_doubt | failed | queued (definitely not taken)
 * sent -> delivered | undelivered
 * in_doubt -> sent | delivered | undelivered | failed | queued | unknown
 * unknown -> sent | delivered | undelivered
 * queued/held -> dropped | cancelled | orphaned
 * undelivered <-> delivered           only by a later carrier time, single part
 * ```
 */
export const MESSAGE_STATES = {
  scheduled: 0,
  queued: 1,
  held: 2,
  submitting: 3,
  sent: 4,
  in_doubt: 5,
  unknown: 6,
  delivered: 7,
  undelivered: 8,
  failed: 9,
  dropped: 10,
  cancelled: 11,
  orphaned: 12,
} as const;

export type MessageState = keyof typeof MESSAGE_STATES;
export type MessageStateCode = (typeof MESSAGE_STATES)[MessageState];

const NAMES = Object.keys(MESSAGE_STATES) as readonly MessageState[];

export function toMessageState(code: number): MessageState {
  const name = NAMES[code];
  if (name === undefined) throw new RangeError(`no message state ${code}`);
  return name;
}

/** The reference's words, which clients of it know. */
export type MessageStatus = 'queued' | 'sent' | 'delivered' | 'undelivered' | 'failed' | 'dropped' | 'orphaned';

const STATUS: Record<MessageState, MessageStatus> = {
  scheduled: 'queued',
  queued: 'queued',
  held: 'queued',
  submitting: 'queued',
  sent: 'sent',
  in_doubt: 'sent',
  unknown: 'sent',
  delivered: 'delivered',
  undelivered: 'undelivered',
  failed: 'failed',
  dropped: 'dropped',
  cancelled: 'dropped',
  orphaned: 'orphaned',
};

export function toMessageStatus(state: MessageState): MessageStatus {
  return STATUS[state];
}

/** Why the gate removed a message before the wire. */
export type DropReason =
  | 'stale'
  | 'blocked_content'
  | 'contact_blocked'
  | 'inactive_list'
  | 'webhook_not_configured'
  | 'orphan'
  | 'duplicate'
  | 'body_too_long'
  | 'empty_body'
  | 'account_suspended'
  | 'no_domain_configured'
  | 'quiet_hours'
  | 'frequency_rule';
