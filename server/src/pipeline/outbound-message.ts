import type { Encoding } from '../lib/segments.ts';
import { numberToPhone, phoneToNumber } from '../lib/e164.ts';
import type { KnownMessage } from '../store/message-progress-store.ts';
import { LANES } from './batch.ts';
import { toEncoding } from './encoding-code.ts';
import { FLAGS } from './flags.ts';
import { MESSAGE_STATES } from './message-state.ts';

/** Data of one message for macros and quiet hours, as the sender gave it. */
export interface ContactData {
  readonly first_name?: string;
  readonly last_name?: string;
  readonly custom_fields?: Readonly<Record<string, string | number | boolean>>;
  readonly timezone?: string;
}

/** Stored facts about the recipient that macros and the contact check need. */
export interface RecipientFacts {
  readonly firstName: string | null;
  readonly lastName: string | null;
  readonly customFields: Readonly<Record<string, unknown>>;
}

/**
 * A message on its way through the gate to the carrier. One object a message, changed in place: every field is set at
 * birth so that all of them keep one shape.
 */
export interface OutboundMessage {
  readonly number: number;
  /** Public id. */
  readonly id: string;
  readonly to: string;
  /** Digits of `to`. */
  readonly phone: number;
  readonly template: string;
  readonly category: 'transactional' | 'marketing';
  /** Bits of flags.ts. */
  readonly flags: number;
  readonly contactData: ContactData | null;
  /** Compact JSON text. */
  readonly metadata: string | null;
  /** Code of batch.ts. */
  readonly source: number;
  readonly createdMs: number;
  readonly sendAtMs: number | null;
  /** How many submits were definitely not taken so far. */
  readonly attempt: number;
  /** It was through the gate before: its row exists, its text is final, and only the verdict is new. */
  readonly hasRow: boolean;
  /** State in which it waited; of one without a row: `queued`. */
  readonly waitedAs: number;
  /** End of its last hold. */
  readonly heldUntilMs: number | null;
  recipient: RecipientFacts | null;
  /** Final text, set by render. */
  body: string;
  encoding: Encoding;
  characters: number;
  segments: number;
  /** `textHash` of the text that duplicates are compared by. */
  textHash: bigint;
  firstLink: number | null;
  /** Destinations of its short links, in order; link i has the number firstLink + i. */
  destinations: readonly string[];
  /** Packed results, decisions.ts. */
  decisions: number;
}

/** A message in the form of `POST /api/v2/send-raw`, as the log keeps it. */
export interface AcceptedMessage {
  readonly to: string;
  readonly body: string;
  readonly wrap_links?: boolean;
  readonly contact_data?: ContactData;
  readonly metadata?: Readonly<Record<string, unknown>>;
  readonly send_at?: string;
  readonly category?: 'transactional' | 'marketing';
  readonly skip_affixes?: boolean;
  readonly skip_duplicate_check?: boolean;
  readonly skip_rate_limit?: boolean;
  readonly skip_contact_validation?: boolean;
  readonly skip_journey_check?: boolean;
}

export interface Birth {
  readonly number: number;
  readonly id: string;
  readonly createdMs: number;
  /** Due time of the batch; a send time of its own when it is after `createdMs`. */
  readonly dueMs: number;
  readonly simulated: boolean;
  readonly source: number;
}

/** Makes the working form of an accepted message. */
export function toOutboundMessage(accepted: AcceptedMessage, birth: Birth): OutboundMessage {
  return {
    number: birth.number,
    id: birth.id,
    to: accepted.to,
    phone: phoneToNumber(accepted.to),
    template: accepted.body,
    category: accepted.category ?? 'transactional',
    flags: toFlags(accepted) | (birth.simulated ? FLAGS.simulated : 0),
    contactData: accepted.contact_data ?? null,
    metadata: accepted.metadata === undefined ? null : JSON.stringify(accepted.metadata),
    source: birth.source,
    createdMs: birth.createdMs,
    sendAtMs: birth.dueMs > birth.createdMs ? birth.dueMs : null,
    attempt: 0,
    hasRow: false,
    waitedAs: MESSAGE_STATES.queued,
    heldUntilMs: null,
    recipient: null,
    body: '',
    encoding: 'GSM-7',
    characters: 0,
    segments: 0,
    textHash: 0n,
    firstLink: null,
    destinations: NO_DESTINATIONS,
    decisions: 0,
  };
}

const NO_DESTINATIONS: readonly string[] = [];

export function toFlags(message: AcceptedMessage): number {
  return (
    (message.wrap_links === true ? FLAGS.wrap_links : 0) |
    (message.skip_affixes === true ? FLAGS.skip_affixes : 0) |
    (message.skip_duplicate_check === true ? FLAGS.skip_duplicate_check : 0) |
    (message.skip_rate_limit === true ? FLAGS.skip_rate_limit : 0) |
    (message.skip_contact_validation === true ? FLAGS.skip_contact_validation : 0) |
    (message.skip_journey_check === true ? FLAGS.skip_journey_check : 0)
  );
}

/** Makes the working form of a message that comes back to the gate. */
export function fromKnownMessage(known: KnownMessage, id: string): OutboundMessage {
  return {
    number: known.number,
    id,
    to: numberToPhone(known.phone),
    phone: known.phone,
    template: known.template,
    category: known.lane === LANES.marketing ? 'marketing' : 'transactional',
    flags: known.flags,
    contactData: known.contactData,
    metadata: null,
    source: known.source,
    createdMs: known.createdMs,
    sendAtMs: known.sendAtMs,
    attempt: known.attempt,
    hasRow: true,
    waitedAs: known.state,
    heldUntilMs: known.heldUntilMs,
    recipient: null,
    body: known.body ?? known.template,
    encoding: toEncoding(known.encoding),
    characters: known.characters,
    segments: known.segments,
    textHash: BigInt(known.textHash),
    firstLink: null,
    destinations: NO_DESTINATIONS,
    decisions: known.decisions,
  };
}
