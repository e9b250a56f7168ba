import type { Request } from '../protocol/pdu.ts';
import type { RequestAnswer } from './answers.ts';
import type { Session } from './session.ts';

/** Why a session ended. */
export type CloseReason =
  /** We asked for it, or the peer did, with unbind. */
  | 'unbound'
  | 'closed_by_us'
  /** The peer closed the connection or it broke. */
  | 'closed_by_peer'
  /** Two enquire_link in a row had no answer. */
  | 'silent'
  /** A frame had a length that none may have. */
  | 'bad_frame'
  /** The peer did not bind in time, or was refused. */
  | 'not_bound';

export interface SessionOptions {
  /** Requests of ours that may wait for an answer. Default 10. */
  readonly window?: number;
  /** Requests of the peer that are worked on at a time; above that nothing is read from it. Default 1,000. */
  readonly maxPending?: number;
  /** How long an answer may take, milliseconds; then the request is `timed_out`. Default 30,000. */
  readonly responseTimeoutMs?: number;
  /** Silence after which the peer is asked whether it is there; two misses close the session. Default 30,000; 0: never. */
  readonly enquireLinkMs?: number;
}

/** What the owner of a session does with it. None of these may throw. */
export interface SessionOwner {
  /**
   * A request of the peer other than enquire_link and unbind. What it resolves to is sent as the answer; a rejection is
   * answered with RSYSERR, so that the peer tries again.
   */
  readonly onRequest: (request: Request, session: Session) => RequestAnswer | Promise<RequestAnswer>;
  /** There is room for more requests again: after answers came or the output emptied. */
  readonly onRoom: (session: Session) => void;
  /** Called once, after every open request was told. */
  readonly onClose: (session: Session, reason: CloseReason) => void;
}

export const SESSION_DEFAULTS = {
  window: 10,
  maxPending: 1_000,
  responseTimeoutMs: 30_000,
  enquireLinkMs: 30_000,
} as const;
