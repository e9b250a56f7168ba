import { hash } from 'node:crypto';
import { numberToPhone } from '../lib/e164.ts';
import type { StoredConsent } from '../store/consent-store.ts';

export const CONSENT_KINDS = ['opt_in', 'opt_in_pending', 'opt_out', 'resubscribe', 'block', 'unblock'] as const;
export type ConsentKind = (typeof CONSENT_KINDS)[number];

/** A record as the API shows it and as it is hashed. */
export interface ConsentView {
  readonly id: string;
  readonly phone_number: string;
  /** null: all lists of the account. */
  readonly list_id: number | null;
  readonly kind: string;
  readonly at: string;
  readonly source: string;
  readonly ip_address: string | null;
  readonly user_agent: string | null;
  readonly url: string | null;
  readonly text: string | null;
  readonly keyword: string | null;
  readonly actor: string | null;
  /** Hash of the account's record before this one; of the first: SHA-256 of the account's id. Hexadecimal. */
  readonly prev_hash: string;
  readonly hash: string;
}

/** Where the chain of an account begins. */
export function firstHash(accountId: string): string {
  return hash('sha256', accountId, 'hex');
}

/** Of a record: SHA-256, hexadecimal, of the compact JSON of all its other fields, in the order of `ConsentView`. */
export function hashConsent(record: Omit<StoredConsent, 'hash'>): string {
  return hash('sha256', JSON.stringify(toHashed(record)), 'hex');
}

export function toConsentView(record: StoredConsent): ConsentView {
  return { ...toHashed(record), hash: record.hash };
}

function toHashed(record: Omit<StoredConsent, 'hash'>): Omit<ConsentView, 'hash'> {
  return {
    id: record.id,
    phone_number: numberToPhone(record.phone),
    list_id: record.listId,
    kind: record.kind,
    at: new Date(record.atMs).toISOString(),
    source: record.source,
    ip_address: record.ipAddress,
    user_agent: record.userAgent,
    url: record.url,
    text: record.text,
    keyword: record.keyword,
    actor: record.actor,
    prev_hash: record.prevHash,
  };
}
