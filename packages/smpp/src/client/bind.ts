import { connect, type Socket } from 'node:net';
import { connect as connectTls } from 'node:tls';
import type { Request, Response } from '../protocol/pdu.ts';
import { statusName } from '../protocol/statuses.ts';
import type { RequestAnswer } from '../session/answers.ts';
import type { NoAnswer } from '../session/request-window.ts';
import type { CloseReason } from '../session/session-options.ts';
import { Session } from '../session/session.ts';
import type { BindMode, BindState, ClientOptions } from './client-options.ts';
import { reconnectDelayMs } from './reconnect-delay.ts';
import type { Submission } from './submit-queue.ts';

/** A session that held at least this long was a good one: the next wait begins from the shortest again. */
const GOOD_SESSION_MS = 10_000;
const CONNECT_TIMEOUT_MS = 5_000;
const INTERFACE_VERSION = 0x34;

export interface BindOwner {
  readonly onRequest: (request: Request, session: Session) => RequestAnswer | Promise<RequestAnswer>;
  readonly onRoom: () => void;
  /** The state changed; a `submission` that was half sent is given back. */
  readonly onState: (bind: Bind, cut: Submission | undefined) => void;
}

/** One place of the pool: connects, binds, and does it again for ever when the session ends. */
export class Bind {
  readonly mode: BindMode;
  /** The message whose parts are being sent; they stay on this session. */
  current: Submission | undefined;
  /** While it is bound. */
  session: Session | undefined;
  readonly #options: ClientOptions;
  readonly #owner: BindOwner;
  #state: BindState['state'] = 'connecting';
  #sinceMs = Date.now();
  #failures = 0;
  #lastError: string | null = null;
  #retryTimer: NodeJS.Timeout | undefined;
  /** Before it is bound. */
  #socket: Socket | undefined;
  #isClosing = false;
  #onClosed: (() => void) | undefined;

  constructor(mode: BindMode, options: ClientOptions, owner: BindOwner) {
    this.mode = mode;
    this.#options = options;
    this.#owner = owner;
  }

  get state(): BindState {
    return {
      mode: this.mode,
      state: this.#state,
      sinceMs: this.#sinceMs,
      inFlight: this.session?.window.size ?? 0,
      failures: this.#failures,
      lastError: this.#lastError,
    };
  }

  connect(): void {
    this.#change('connecting');
    const socket = this.#openSocket();
    this.#socket = socket;
    const timeout = setTimeout(() => socket.destroy(new Error('connect timed out')), this.#connectTimeoutMs());
    const fail = (error?: NodeJS.ErrnoException): void => {
      clearTimeout(timeout);
      this.#onLost(error?.code ?? error?.message ?? 'closed while connecting');
    };
    let failure: NodeJS.ErrnoException | undefined;
    socket.once('error', (error) => (failure = error));
    const onCloseEarly = (): void => fail(failure);
    socket.once('close', onCloseEarly);
    socket.once(this.#options.tls === undefined ? 'connect' : 'secureConnect', () => {
      clearTimeout(timeout);
      socket.off('close', onCloseEarly);
      this.#bind(socket);
    });
  }

  /** Waits for open requests, unbinds and stays closed; after `withinMs` the session is closed as it is. */
  async close(withinMs: number): Promise<void> {
    this.#isClosing = true;
    clearTimeout(this.#retryTimer);
    const { session } = this;
    if (session !== undefined) {
      const cut = withinMs === Infinity ? undefined : setTimeout(() => session.close(), withinMs);
      await session.unbind();
      return clearTimeout(cut);
    }
    if (this.#socket === undefined) return this.#change('closed');
    await new Promise<void>((resolve) => {
      this.#onClosed = resolve;
      this.#socket?.destroy();
    });
  }

  #openSocket(): Socket {
    const { host, port, tls } = this.#options;
    return tls === undefined ? connect({ host, port }) : connectTls({ servername: host, ...tls, host, port });
  }

  #connectTimeoutMs(): number {
    return this.#options.connectTimeoutMs ?? CONNECT_TIMEOUT_MS;
  }

  #bind(socket: Socket): void {
    let refusal: string | undefined;
    const session = new Session(
      socket,
      {
        onRequest: this.#owner.onRequest,
        onRoom: () => this.#owner.onRoom(),
        onClose: (_, reason) => this.#onLost(refusal ?? this.#explain(reason)),
      },
      this.#options,
    );
    const { systemId, password, systemType = '' } = this.#options;
    const body = { systemId, password, systemType, interfaceVersion: INTERFACE_VERSION };
    try {
      session.request(`bind_${this.mode}`, body, (answer) => {
        refusal = this.#onBindAnswer(session, answer);
        if (refusal !== undefined) session.close();
      });
    } catch (error) {
      refusal = error instanceof Error ? error.message : String(error);
      session.close();
    }
  }

  /** Why it was refused. */
  #onBindAnswer(session: Session, answer: Response | NoAnswer): string | undefined {
    if (answer.command === 'none') return answer.reason === 'closed' ? undefined : 'bind was not answered';
    if (answer.command === 'generic_nack' || answer.status !== 0) return statusName(answer.status);
    session.systemId = this.#options.systemId;
    this.session = session;
    this.#lastError = null;
    this.#change('bound');
    this.#owner.onRoom();
    return undefined;
  }

  #explain(reason: CloseReason): string {
    return this.#isClosing ? 'closed' : reason.replaceAll('_', ' ');
  }

  #onLost(error: string): void {
    const wasGood = this.#state === 'bound' && Date.now() - this.#sinceMs >= GOOD_SESSION_MS;
    this.session = undefined;
    this.#socket = undefined;
    const cut = this.current;
    this.current = undefined;
    this.#lastError = error;
    this.#failures = wasGood ? 1 : this.#failures + 1;
    this.#change(this.#isClosing ? 'closed' : 'waiting', cut);
    if (this.#isClosing) return this.#onClosed?.();
    const delayMs = (this.#options.reconnectDelayMs ?? reconnectDelayMs)(this.#failures);
    this.#retryTimer = setTimeout(() => this.connect(), delayMs);
  }

  #change(state: BindState['state'], cut?: Submission): void {
    this.#state = state;
    this.#sinceMs = Date.now();
    this.#owner.onState(this, cut);
  }
}
