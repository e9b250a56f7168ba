/** Account settings with defaults filled in (conventions.md 15 of the contract). */
export interface AccountSettings {
  readonly brandName: string | null;
  readonly supportContact: string | null;
  readonly timezone: string | null;
  readonly prepend: string;
  readonly append: string;
  /** null: the built-in list. */
  readonly blockedWords: readonly string[] | null;
  readonly dedupeWindowSeconds: number;
  /** How far an opt-out reaches. */
  readonly optoutScope: 'list' | 'account';
  /** Abuse words opt out, or only get a label. */
  readonly abuseWordsMode: 'stop' | 'label';
  /** Soft failures in a row that end a subscription. */
  readonly softFailureThreshold: number;
  readonly shortenerDomain: string | null;
  readonly clickDomain: string | null;
  /** USD micro-units a segment, first tier. */
  readonly pricePerSegmentMicros: number;
  /** Of one question to the look-up provider. */
  readonly lookupPriceMicros: number;
  /** The product `sms`; off: sends are refused. */
  readonly smsEnabled: boolean;
  /** What stands against spending money; null: nothing, or billing is not enforced. */
  readonly billingProblem: BillingProblem | null;
}

export type BillingProblem = 'no_billing_config' | 'no_payment_method' | 'payment_failed' | 'suspended';

export interface Account {
  readonly id: string;
  readonly name: string;
  readonly ownerEmail: string | null;
  readonly status: 'active' | 'suspended' | 'deleted';
  readonly settings: AccountSettings;
}

export interface ApiKey {
  readonly id: string;
  readonly accountId: string;
  readonly name: string;
  readonly status: 'active' | 'paused' | 'revoked';
  readonly sandbox: boolean;
  readonly requireConfirmation: boolean;
  /** null: all lists of the account. */
  readonly allowedListIds: ReadonlySet<number> | null;
}

/** List settings with defaults filled in (lists.md 5 of the contract). */
export interface ListSettings {
  readonly sendRatePerMinute: number;
  readonly staleMinutes: number;
  /** null: the account's. */
  readonly prepend: string | null;
  readonly append: string | null;
  readonly affixes: 'all' | 'marketing' | 'none';
  /** null: the account's. */
  readonly dedupeWindowSeconds: number | null;
  /** null: the account's. */
  readonly optoutScope: 'list' | 'account' | null;
  /** Texts of automatic answers; null: the built-in ones. */
  readonly replyStop: string | null;
  readonly replyHelp: string | null;
  readonly replyStart: string | null;
  /** Who answers keywords; `auto`: whoever the carrier leaves it to. */
  readonly autoReply: 'auto' | 'always' | 'never';
  readonly joinKeywords: readonly string[];
  /** A join needs a YES. */
  readonly doubleOptIn: boolean;
  readonly quietHours: boolean;
  readonly quietHoursMode: 'hold' | 'cancel';
  readonly smartEncoding: boolean;
  readonly validityMinutes: number;
  readonly shortenerDomain: string | null;
  readonly clickDomain: string | null;
  readonly inDoubtResubmit: boolean;
  /** New contacts on internet lines are refused. */
  readonly rejectVoip: boolean;
  /** ISO 3166-1 alpha-2. */
  readonly country: string;
}

export interface List {
  readonly id: number;
  readonly v1Id: string;
  readonly accountId: string;
  /** E.164 or short code. */
  readonly number: string;
  readonly brandName: string | null;
  readonly listName: string;
  readonly type: string;
  readonly status: 'active' | 'paused' | 'suspended' | 'deleted';
  readonly isByoc: boolean;
  readonly verified: boolean;
  /** null: what is stored cannot be opened, and the list cannot send. */
  readonly credentials: Readonly<Record<string, unknown>> | null;
  readonly settings: ListSettings;
  readonly createdMs: number;
}

/** Who calls: a key that passed the checks of conventions.md 2, and its account. */
export interface Caller {
  readonly key: ApiKey;
  readonly account: Account;
}

/**
 * Accounts, keys and lists in memory. Follows the database (LISTEN, and a version poll as a safety net), so that the
 * path of a message asks no SQL for them.
 */
export interface Directory {
  /** Exact match of the SHA-256 of `secret`; revoked keys and keys of deleted accounts are not found. */
  findKey(secret: string): ApiKey | undefined;
  account(id: string): Account | undefined;
  /** Any status, deleted ones too. */
  list(id: number): List | undefined;
  /** Not deleted. */
  listByNumber(number: string): List | undefined;
  /** Any status. */
  listByV1Id(v1Id: string): List | undefined;
  /** By id ascending, deleted ones too. */
  listsOf(accountId: string): readonly List[];
  /** All lists of the installation that are not deleted. */
  lists(): readonly List[];
  /** Whether an endpoint of the account, one that is paused too, is to be told of this event (webhooks/events.ts). */
  wantsEvent(accountId: string, event: string): boolean;
  /** False once the database could have moved on without us: callers must answer 503 then. */
  isCurrent(): boolean;
  /** How long ago the database was last heard from, in milliseconds. */
  silentMs(): number;
  /** Loads again at once; call after a change made through this process. */
  refresh(): Promise<void>;
  [Symbol.asyncDispose](): Promise<void>;
}
