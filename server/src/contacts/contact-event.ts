import type { InactiveReason } from '../store/list-contact-store.ts';

/** Something about a list contact that the account's own systems are told of (webhooks.md 1 of the contract). */
export type ContactEvent = UnsubscribeEvent | ResubscribeEvent;

export interface UnsubscribeEvent {
  readonly event: 'unsubscribe';
  readonly accountId: string;
  readonly listId: number;
  readonly phone: number;
  /** As the person wrote it; null when it came by no text. */
  readonly keyword: string | null;
  readonly reason: InactiveReason;
  readonly atMs: number;
}

export interface ResubscribeEvent {
  readonly event: 'resubscribe';
  readonly accountId: string;
  readonly listId: number;
  readonly phone: number;
  readonly keyword: string | null;
  /** The road the consent came by: a signup method. */
  readonly source: string;
  readonly atMs: number;
}

/** What came with a consent or its withdrawal; kept in the ledger. */
export interface Evidence {
  /** The road it came by; default the signup method or the reason. */
  readonly source?: string | undefined;
  readonly ipAddress?: string | null | undefined;
  readonly userAgent?: string | null | undefined;
  readonly url?: string | null | undefined;
  /** What the person read or wrote. */
  readonly text?: string | null | undefined;
  /** The word that decided, as it was written. */
  readonly keyword?: string | null | undefined;
  /** Who acted where it was not the person: `key:` and an id, `operator`, `carrier`. */
  readonly actor?: string | null | undefined;
}
