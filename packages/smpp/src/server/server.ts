import { createServer, type AddressInfo, type Server, type Socket } from 'node:net';
import { createServer as createTlsServer } from 'node:tls';
import type { BindMode } from '../client/client-options.ts';
import type { PduOf, Request } from '../protocol/pdu.ts';
import { STATUSES } from '../protocol/statuses.ts';
import type { RequestAnswer } from '../session/answers.ts';
import type { CloseReason, SessionOwner } from '../session/session-options.ts';
import type { BindRequest, ServerOptions } from './server-options.ts';
import { ServerSession } from './server-session.ts';

type Answer = RequestAnswer | Promise<RequestAnswer>;

const DEFAULTS = { maxSessions: 1_000, maxBindsPerSystemId: 100, bindTimeoutMs: 10_000, systemId: 'trackly' } as const;
const INTERFACE_VERSION = 0x34;

/** An SMSC: listens, binds, and hands requests to its options. */
export class SmppServer implements AsyncDisposable {
  readonly sessions = new Set<ServerSession>();
  readonly #options: ServerOptions & typeof DEFAULTS;
  readonly #server: Server;
  readonly #owner: SessionOwner;
  readonly #bindTimers = new Map<ServerSession, NodeJS.Timeout>();

  constructor(options: ServerOptions) {
    this.#options = { ...DEFAULTS, ...options } as ServerOptions & typeof DEFAULTS;
    const onConnection = (socket: Socket): void => this.#onConnection(socket);
    this.#server = options.tls === undefined ? createServer(onConnection) : createTlsServer(options.tls, onConnection);
    this.#server.maxConnections = this.#options.maxSessions;
    this.#server.on('tlsClientError', () => {});
    this.#owner = {
      onRequest: (request, session) => this.#onRequest(request, session as ServerSession),
      onRoom: (session) => (session as ServerSession).sendQueued(),
      onClose: (session, reason) => this.#onClose(session as ServerSession, reason),
    };
  }

  /** Port 0: any that is free. @returns the port */
  listen(at: { readonly port?: number; readonly host?: string } = {}): Promise<number> {
    return new Promise((resolve, reject) => {
      this.#server.once('error', reject);
      this.#server.listen({ port: at.port ?? 0, host: at.host ?? '127.0.0.1' }, () => {
        this.#server.off('error', reject);
        resolve((this.#server.address() as AddressInfo).port);
      });
    });
  }

  /** Takes no more connections, unbinds every session and closes. */
  async close(): Promise<void> {
    const closed = new Promise<void>((resolve) => this.#server.close(() => resolve()));
    await Promise.all(
      [...this.sessions].map(async (session) => (session.mode === undefined ? session.close() : session.unbind())),
    );
    await closed;
  }

  async [Symbol.asyncDispose](): Promise<void> {
    await this.close();
  }

  #onConnection(socket: Socket): void {
    const { submitsPerSecond = Infinity, bindTimeoutMs } = this.#options;
    const session = new ServerSession(socket, this.#owner, this.#options, submitsPerSecond);
    this.sessions.add(session);
    const timer = setTimeout(() => session.close('not_bound'), bindTimeoutMs);
    this.#bindTimers.set(session, timer);
  }

  #onRequest(request: Request, session: ServerSession): Answer {
    const { command } = request;
    if (command === 'bind_receiver' || command === 'bind_transmitter' || command === 'bind_transceiver') {
      return this.#bind(request, session);
    }
    if (session.mode === undefined || session.mode === 'receiver') return { status: STATUSES.RINVBNDSTS };
    if (command === 'submit_sm') return this.#submit(request, session);
    if (command === 'query_sm' && this.#options.onQuery !== undefined) return this.#options.onQuery(request, session);
    return this.#options.onOther?.(request, session) ?? { status: STATUSES.RINVCMDID };
  }

  #submit(message: PduOf<'submit_sm'>, session: ServerSession): Answer {
    if (this.#options.submitsPerSecond !== undefined) {
      if (session.rate.available(performance.now()) < 1) return { status: STATUSES.RTHROTTLED };
      session.rate.take(1);
    }
    return this.#options.onSubmit?.(message, session) ?? { status: STATUSES.RINVCMDID };
  }

  async #bind(request: BindRequest, session: ServerSession): Promise<RequestAnswer> {
    if (session.mode !== undefined) return { status: STATUSES.RALYBND };
    const { status: judged = 0, ...more } = await this.#options.onBind(request, session);
    const status = judged === 0 ? this.#placeFor(request, session) : judged;
    if (status !== 0) {
      // After the answer was written.
      setImmediate(() => session.close('not_bound'));
      return { status, ...more };
    }
    clearTimeout(this.#bindTimers.get(session));
    session.systemId = request.systemId;
    session.mode = request.command.slice('bind_'.length) as BindMode;
    const tlvs = { scInterfaceVersion: INTERFACE_VERSION, ...more.tlvs };
    return { systemId: this.#options.systemId, ...more, tlvs };
  }

  /** A status other than 0 when there is no place. */
  #placeFor({ systemId }: BindRequest, session: ServerSession): number {
    const bound = [...this.sessions].filter((each) => each.mode !== undefined && each.systemId === systemId);
    const isFull = bound.length >= this.#options.maxBindsPerSystemId;
    return isFull || session.mode !== undefined ? STATUSES.RALYBND : STATUSES.ROK;
  }

  #onClose(session: ServerSession, reason: CloseReason): void {
    clearTimeout(this.#bindTimers.get(session));
    this.#bindTimers.delete(session);
    this.sessions.delete(session);
    session.dropQueued();
    this.#options.onClose?.(session, reason);
  }
}
