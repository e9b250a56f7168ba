import type { ConnectionOptions } from 'node:tls';
import type { PduOf, ShortMessageInput } from '../protocol/pdu.ts';
import type { SessionOptions } from '../session/session-options.ts';

export type BindMode = 'transceiver' | 'transmitter' | 'receiver';

export interface ClientOptions extends SessionOptions {
  readonly host: string;
  readonly port: number;
  /** TLS from the first octet; `{}` checks the certificate for `host`. Default: none. */
  readonly tls?: ConnectionOptions;
  readonly systemId: string;
  readonly password: string;
  readonly systemType?: string;
  /** `transmitter+receiver`: each bind is a pair of sessions. Default `transceiver`. */
  readonly bindMode?: 'transceiver' | 'transmitter+receiver' | 'transmitter' | 'receiver';
  /** Sessions (or pairs) side by side. Default 1. */
  readonly binds?: number;
  /** Parts a second over all sessions. Default: no limit until the peer throttles. */
  readonly ratePerSecond?: number;
  /** Connect and, with TLS, handshake. Default 5,000. */
  readonly connectTimeoutMs?: number;
  /** Wait before a try after `failures` failed ones in a row. Default: 1, 2, 4, … 60 s ±20 %. */
  readonly reconnectDelayMs?: (failures: number) => number;
  /** deliver_sm and data_sm: a message or a receipt. Resolved: answered with ROK. Rejected: with RSYSERR. */
  readonly onDeliver?: (message: PduOf<'deliver_sm' | 'data_sm'>) => void | Promise<void>;
  /** A session was bound, lost or refused. */
  readonly onState?: (state: BindState) => void;
  /** The answer to a part that was told as in doubt because its time was up. */
  readonly onLateAnswer?: (late: LateAnswer) => void;
}

/** One place of the pool, for health. */
export interface BindState {
  readonly mode: BindMode;
  /** `connecting` until the bind was answered; `waiting`: for the next try. */
  readonly state: 'connecting' | 'bound' | 'waiting' | 'closed';
  /** Since when, epoch milliseconds. */
  readonly sinceMs: number;
  /** Submits without an answer. */
  readonly inFlight: number;
  /** Tries in a row that failed. */
  readonly failures: number;
  /**
   * Why it is not bound: the name of the `command_status` that answered the bind, the code of the socket's error such as
   * `ECONNREFUSED`, or how the session ended.
   */
  readonly lastError: string | null;
}

/** One message: its parts in order. They all go over one session, in order, without waiting for each other. */
export interface OutgoingMessage {
  readonly parts: readonly ShortMessageInput[];
  /** Yours; comes back with a late answer. */
  readonly tag?: string;
  /** Asked right before its first part is written. True: nothing of it is, and its parts are settled as `not_sent`. */
  readonly isWithdrawn?: (() => boolean) | undefined;
}

/** What became of one part. */
export type PartOutcome =
  | { readonly kind: 'accepted'; readonly messageId: string }
  /** The peer said no: `status` is its `command_status`. */
  | { readonly kind: 'refused'; readonly status: number }
  /** Certainly not sent: told to stop, no room to wait in, withdrawn, or the part does not fit its PDU. */
  | { readonly kind: 'not_sent'; readonly reason: 'stopped' | 'closed' | 'withdrawn' | 'invalid' }
  /** Written, and no answer: it may have been taken. */
  | { readonly kind: 'in_doubt'; readonly reason: 'timed_out' | 'closed' };

export interface LateAnswer {
  readonly tag: string | undefined;
  /** Index of the part. */
  readonly part: number;
  readonly outcome: PartOutcome;
}

/** Called once a message with one outcome a part, in order. */
export type SettleMessage = (index: number, outcomes: readonly PartOutcome[]) => void;
