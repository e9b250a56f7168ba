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
