import type { TlsOptions } from 'node:tls';
import type { PduOf, Request } from '../protocol/pdu.ts';
import type { RequestAnswer } from '../session/answers.ts';
import type { CloseReason, SessionOptions } from '../session/session-options.ts';
import type { ServerSession } from './server-session.ts';

export type BindRequest = PduOf<'bind_receiver' | 'bind_transmitter' | 'bind_transceiver'>;
type Answer = RequestAnswer | Promise<RequestAnswer>;

export interface ServerOptions extends SessionOptions {
  /** TLS from the first octet. Default: none. */
  readonly tls?: TlsOptions;
  /** Who may bind: resolve to `{}` for yes, to a status such as RINVPASWD for no; the connection is then closed. */
  readonly onBind: (bind: BindRequest, session: ServerSession) => Answer;
  /** Resolve to the `messageId`, or to a status. Default: RINVCMDID, as for the next ones. */
  readonly onSubmit?: (message: PduOf<'submit_sm'>, session: ServerSession) => Answer;
  readonly onQuery?: (query: PduOf<'query_sm'>, session: ServerSession) => Answer;
  /** Any other request, such as data_sm, submit_multi, cancel_sm, replace_sm. */
  readonly onOther?: (request: Request, session: ServerSession) => Answer;
  readonly onClose?: (session: ServerSession, reason: CloseReason) => void;
  /** Connections at a time; more are closed at once. Default 1,000. */
  readonly maxSessions?: number;
  /** Bound sessions of one system_id; more are refused with RALYBND. Default 100. */
  readonly maxBindsPerSystemId?: number;
  /** Submits a second of each session; more are refused with RTHROTTLED. Default: no limit. */
  readonly submitsPerSecond?: number;
  /** How long a connection may take to bind, milliseconds. Default 10,000. */
  readonly bindTimeoutMs?: number;
  /** The `system_id` in bind answers. Default `trackly`. */
  readonly systemId?: string;
}
