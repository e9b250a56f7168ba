import type { CredentialField, Credentials } from '../lib/credentials.ts';
import type { Encoding } from '../lib/segments.ts';

/** One message as a carrier gets it. */
export interface SubmitMessage {
  /** Our own id (8 base62 characters), the one that carriers echo and the ledger counts. */
  readonly id: string;
  /** Sending number of the list, E.164 or short code. */
  readonly from: string;
  /** Recipient, E.164. */
  readonly to: string;
  /** Final text. */
  readonly body: string;
  /** Addresses of pictures, which make it an MMS; only for carriers with `sendsMms`. Absent or empty: an SMS. */
  readonly mediaUrls?: readonly string[];
  readonly encoding: Encoding;
  /** How many parts the text has, at least 1. */
  readonly segments: number;
  readonly lane: 'transactional' | 'marketing';
  /** How long the carrier should try, minutes. */
  readonly validityMinutes: number;
  /**
   * To be asked right before the first byte goes out. True: the recipient opted out meanwhile, so it must not start; it is
   * settled as `WITHDRAWN`. Absent: it is not to be sent, or was never to be withdrawn.
   */
  readonly isWithdrawn?: (() => boolean) | undefined;
}

/** What became of one submit, by lifecycle: accepted, refused for good, definitely not taken, or nobody knows. */
export type SubmitOutcome =
  /**
   * `carrierIds`: one id, or one a part in order, '' where it is not known. `echoesOwnId` false: receipts of this message will carry only the
   * carrier's id, so the ids are registered for look-up.
   */
  | {
      readonly kind: 'accepted';
      readonly carrierIds: readonly string[];
      readonly detail: string | null;
      readonly echoesOwnId: boolean;
    }
  | { readonly kind: 'refused'; readonly detail: string; readonly permanent: boolean; readonly code: string | null }
  /**
   * Temporary or never on the wire: may go again. `connectionFailed` counts towards the circuit breaker; a carrier that
   * refuses our credentials (`REJECTED_CREDENTIALS`) sets it too, because nothing goes until somebody mends them.
   */
  | {
      readonly kind: 'retry';
      readonly detail: string;
      readonly code: string | null;
      readonly connectionFailed: boolean;
    }
  /** `carrierIds`: as above, of the parts that certainly were taken; their receipts will carry nothing else. */
  | { readonly kind: 'in_doubt'; readonly code: string | null; readonly carrierIds?: readonly string[] };

/**
 * Of a message that was kept back before its first byte, because its recipient opted out or nobody could say: it comes to
 * the gate again, which decides and says why. The carrier has no part in it.
 */
export const WITHDRAWN: SubmitOutcome = {
  kind: 'retry',
  detail: 'CARRIER_UNAVAILABLE',
  code: null,
  connectionFailed: false,
};

/** A delivery report, whatever road it came by. */
export interface CarrierReport {
  /** Our own id where the carrier echoes it, else null; then `carrierId` is set. */
  readonly messageId: string | null;
  readonly carrierId: string | null;
  /** 1-based part, null when the report is about the whole message or the carrier id tells the part. */
  readonly part: number | null;
  readonly state: 'sent' | 'delivered' | 'undelivered' | 'failed';
  /** Our word, such as `DELIVERED_TO_HANDSET`; null when the carrier gave none. */
  readonly detail: string | null;
  readonly permanent: boolean | null;
  /** The carrier's own code, for people. */
  readonly code: string | null;
  /** Carrier time, epoch milliseconds; null: the time of arrival counts. */
  readonly atMs: number | null;
  /**
   * What the report tells of its message where only the carrier's id names it: recipient (E.164) and the beginning of the
   * text, which may be ''. A message in doubt can be known by it.
   */
  readonly about?: { readonly to: string; readonly textStart: string };
  /** It names no list and is told to several: where it finds no message, that is no miss of the list. */
  readonly isShared?: true;
}

/** A text that somebody wrote to one of our numbers. */
export interface InboundText {
  /** The carrier's id of the text; with the carrier's name the key against repeats. */
  readonly id: string;
  readonly from: string;
  readonly to: string;
  readonly text: string;
  readonly atMs: number;
  /** What the carrier itself took the text for, where it says so, and answered; its keywords may not be ours. */
  readonly keyword?: 'stop' | 'start' | 'help';
  /** One part of a long text, 1 to `total`; parts of one text from one sender to one number share the key. */
  readonly part?: { readonly key: string; readonly total: number; readonly number: number };
}

/** What a carrier tells us about one list, stored in the event log before it is acknowledged. */
export interface CarrierEvents {
  /** Our sending number that the events belong to. */
  readonly listId: number;
  readonly reports: readonly CarrierReport[];
  readonly inbound: readonly InboundText[];
}

/** What a look-up of an in-doubt message found. */
export type LookUpResult =
  | { readonly kind: 'found'; readonly report: CarrierReport; readonly carrierIds: readonly string[] }
  /** The search is complete for this id: the carrier certainly does not have it. */
  | { readonly kind: 'absent' }
  | { readonly kind: 'unknown' };

/** What an authenticated read at the carrier told. `detail`: our word or the error's code, and null when it passed. */
export interface CheckResult {
  readonly passed: boolean;
  readonly detail: string | null;
}

/** The sending side of one list at its carrier. */
export interface CarrierConnection {
  /** Begins to take in what comes over the connection itself; nothing when it does already. Otherwise `submit` does. */
  open?(): void;
  /**
   * Submits every message once, but those that are withdrawn when their turn comes. Calls `settle` with each message's
   * index and outcome, in any order, exactly once a message, as answers arrive; resolves when all are settled. Never rejects: a bug or a cut inside must settle the
   * messages concerned as `in_doubt` (bytes may be out) or `retry` (certainly not).
   * Keeps its own limit of requests in flight and its own time limits. `signal` aborted: stop starting new requests and
   * settle those never started as `retry`; those in flight are awaited or become `in_doubt` at their time limit.
   */
  submit(
    messages: readonly SubmitMessage[],
    settle: (index: number, outcome: SubmitOutcome) => void,
    signal: AbortSignal,
  ): Promise<void>;
  /** Asks the carrier for a message that it may or may not have taken. */
  lookUp?(message: SubmitMessage, submittedAtMs: number): Promise<LookUpResult>;
  /** Whether the carrier knows us by these credentials; sends nothing. Never rejects. */
  check?(): Promise<CheckResult>;
  [Symbol.asyncDispose](): Promise<void>;
}

export interface CarrierList {
  readonly id: number;
  readonly accountId: string;
  readonly number: string;
  readonly credentials: Credentials;
}

/** A call of a carrier, as it came in. */
export interface CallbackRequest {
  /** The public address that was called, with the query; never log it: it may hold a secret. */
  readonly url: string;
  /** The path segment after the carrier's name; null: none. */
  readonly secret: string | null;
  /** The last value of each parameter. */
  readonly query: Readonly<Record<string, string>>;
  /** Names in lower case. */
  readonly headers: Readonly<Record<string, string | string[] | undefined>>;
  readonly body: Buffer;
  readonly nowMs: number;
}

/**
 * Whether a call comes from whom it says, by the credentials of one list. `unsigned`: the list has nothing to check calls
 * with, and the call brought nothing; the operator decides whether that is enough.
 */
export type Authenticity = 'genuine' | 'unsigned' | 'forged';

/** What one call says. `ownNumber`: our sending number where the payload names it, in any form that the carrier uses. */
export interface CallbackContent {
  readonly reports: readonly (CarrierReport & { readonly ownNumber: string | null })[];
  readonly inbound: readonly InboundText[];
  /** A part of the call could not be read; it is kept for people, and the rest counts. */
  readonly isPartial?: true;
}

/** What a carrier is told when its call is kept. */
export interface CallbackAnswer {
  readonly contentType: string;
  readonly body: string;
}

/** The receiving side of a carrier over HTTP, `POST /api/webhook-feedbacks/{type}`. */
export interface CarrierCallbacks {
  readonly answer: CallbackAnswer;
  verify(request: CallbackRequest, credentials: Credentials): Authenticity;
  /**
   * undefined, or throws: it cannot be read. What is of no interest gives empty lists. Called for genuine calls only, with
   * the credentials of a list that the call is genuine for.
   */
  parse(request: CallbackRequest, credentials: Credentials): CallbackContent | undefined;
}

/** One wire protocol. A carrier is a folder; nothing in the sending code names one. */
export interface Carrier {
  /** The list type it serves, such as `simulator` or `twilio`. */
  readonly type: string;
  /** The carrier refuses a repeated own id as a proof of acceptance. */
  readonly deduplicatesOwnId: boolean;
  /** Messages may have pictures. Absent: they are texts. */
  readonly sendsMms?: boolean;
  /** Opt-out keywords, in normal form, that the carrier itself answers on every number. Default: none. */
  readonly answeredKeywords?: ReadonlySet<string>;
  /** No network is behind it, so not even toll-free numbers answer by themselves. */
  readonly isSimulated?: true;
  /** What a list of the type has to know. */
  readonly credentials: readonly CredentialField[];
  /** null: nothing comes in over HTTP, or by a road of its own. */
  readonly callbacks: CarrierCallbacks | null;
  /** Receipts and texts come in over the connection, so that it has to be open as long as there is a list. */
  readonly keepsOpen?: boolean;
  connect(list: CarrierList): CarrierConnection;
}
