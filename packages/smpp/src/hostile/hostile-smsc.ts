import { setImmediate } from 'node:timers/promises';
import { encodePdu } from '../protocol/encode-pdu.ts';
import type { PduOf, ShortMessageInput } from '../protocol/pdu.ts';
import { STATUSES } from '../protocol/statuses.ts';
import { SmppServer } from '../server/server.ts';
import type { ServerSession } from '../server/server-session.ts';
import type { RequestAnswer } from '../session/answers.ts';
import type { SessionOptions } from '../session/session-options.ts';
import { MESSAGE_STATES, toReceipt, type MessageState } from '../text/receipt.ts';
import { readText } from '../text/read-text.ts';
import { splitText } from '../text/split-text.ts';
import { type Behaviour, behaviourOf, type HostileReceipt } from './behaviours.ts';

export interface HostileSmscOptions extends SessionOptions {
  /** Default `trackly`. */
  readonly systemId?: string;
  /** Default `trackly`. */
  readonly password?: string;
  /** Binds that are refused with RBINDFAIL before one is taken. Default 0. */
  readonly refusedBinds?: number;
  /** Submits of a session at work above which RTHROTTLED is answered. Default: no limit. */
  readonly throttleAbove?: number;
  /** Every answer comes this much later, milliseconds. Default 0. */
  readonly answerDelayMs?: number;
  /** How late a late answer is. Default 31,000: just after the usual time limit. */
  readonly lateMs?: number;
  /** Multiplies every delay; 1 is real time. */
  readonly timeScale?: number;
  /** What happens to a submit. Default: what BEHAVIOURS says of the last four digits of its recipient. */
  readonly behaviourOf?: (destination: string) => Behaviour;
}

/** A part that the SMSC took. */
export interface TakenPart {
  readonly messageId: string;
  readonly source: string;
  readonly destination: string;
  readonly text: string;
  /** 1-based. */
  readonly part: number;
}

const DEFAULTS = { systemId: 'trackly', password: 'trackly', refusedBinds: 0, answerDelayMs: 0, lateMs: 31_000 };
/** Ids look like those of a large server, with letters when written in hexadecimal. */
const FIRST_ID = 2_882_400_000;
const REORDERED_MS = 1_000;
const REPLY_MS = 300;
const REDELIVERY_MS = 200;
const ZEROS = '0000';
const FINAL: ReadonlySet<MessageState> = new Set(['DELIVERED', 'EXPIRED', 'DELETED', 'UNDELIVERABLE', 'REJECTED']);

/**
 * An SMSC that does what bad ones do, chosen by the last four digits of the recipient (BEHAVIOURS), so that a set-up can be
 * tried before there is an account, and every fault can be had again. Keeps what it took, to be counted against.
 */
export class HostileSmsc implements AsyncDisposable {
  /** Every part that was taken, in order. */
  readonly taken: TakenPart[] = [];
  /** Every submit, refused ones too. */
  submits = 0;
  /** The server below, for its sessions. */
  readonly server: SmppServer;
  readonly #options: HostileSmscOptions & typeof DEFAULTS;
  readonly #timeScale: number;
  readonly #tries = new Map<string, number>();
  readonly #states = new Map<string, MessageState>();
  readonly #timers = new Set<NodeJS.Timeout>();
  readonly #halfOpen = new WeakSet<ServerSession>();
  /** The frame that a session says octet by octet. */
  readonly #cutting = new WeakMap<ServerSession, Promise<void>>();
  #refusalsLeft: number;
  #isClosed = false;
  /** An answer that waits for the one of the next submit. */
  #heldBack: (() => void) | undefined;

  constructor(options: HostileSmscOptions = {}) {
    this.#options = { ...DEFAULTS, ...options };
    this.#timeScale = options.timeScale ?? 1;
    this.#refusalsLeft = this.#options.refusedBinds;
    this.server = new SmppServer({
      ...options,
      onBind: ({ systemId, password }) => this.#judgeBind(systemId, password),
      onSubmit: (message, session) => this.#submit(message, session),
      onQuery: ({ messageId }) => this.#query(messageId),
    });
  }

  listen(at: { readonly port?: number; readonly host?: string } = {}): Promise<number> {
    return this.server.listen(at);
  }

  async close(): Promise<void> {
    this.#isClosed = true;
    for (const timer of this.#timers) clearTimeout(timer);
    for (const session of this.server.sessions) if (this.#halfOpen.has(session)) session.close();
    await this.server.close();
  }

  async [Symbol.asyncDispose](): Promise<void> {
    await this.close();
  }

  /** What became of a part that was taken. */
  stateOf(messageId: string): MessageState {
    return this.#states.get(messageId) ?? 'ENROUTE';
  }

  /** A text from a handset, in parts when it is long, over any session that receives. */
  receive(from: string, to: string, text: string): void {
    const parts = splitText(text, { reference: this.taken.length & 0xff }) ?? [];
    for (const part of parts) this.#deliver({ source: from, destination: to, ...part });
  }

  /** Until somebody has it: a session that ends, none at all, and an answer that says no are tried again. */
  #deliver(message: ShortMessageInput): void {
    const again = (): void => this.#after(REDELIVERY_MS, () => this.#deliver(message));
    const session = [...this.server.sessions].find((each) => each.receives && !this.#halfOpen.has(each));
    if (session === undefined) return again();
    session.deliver(message, (answer) => {
      if (answer.command === 'none' || answer.status !== 0) again();
    });
  }

  #judgeBind(systemId: string, password: string): RequestAnswer {
    if (this.#refusalsLeft > 0) {
      this.#refusalsLeft--;
      return { status: STATUSES.RBINDFAIL };
    }
    if (systemId !== this.#options.systemId) return { status: STATUSES.RINVSYSID };
    return password === this.#options.password ? {} : { status: STATUSES.RINVPASWD };
  }

  async #submit(message: PduOf<'submit_sm'>, session: ServerSession): Promise<RequestAnswer> {
    this.submits++;
    if (this.#halfOpen.has(session)) return { silent: true };
    if (session.pending >= (this.#options.throttleAbove ?? Infinity)) return { status: STATUSES.RTHROTTLED };
    const behaviour = (this.#options.behaviourOf ?? behaviourOf)(message.destination);
    if (this.#isRefused(message.destination, behaviour)) return { status: behaviour.refusal?.status ?? 0 };
    const messageId = String(FIRST_ID + this.taken.length);
    if (behaviour.taken !== false) this.#take(message, messageId, behaviour);
    await this.#pause(this.#options.answerDelayMs);
    const answered = await this.#answer(message, session, messageId, behaviour);
    if (behaviour.answer !== 'reordered') this.#releaseHeldBack();
    return answered;
  }

  #isRefused(destination: string, { refusal }: Behaviour): boolean {
    if (refusal === undefined) return false;
    const tries = (this.#tries.get(destination) ?? 0) + 1;
    this.#tries.set(destination, tries);
    return tries <= (refusal.times ?? Infinity);
  }

  async #answer(
    message: PduOf<'submit_sm'>,
    session: ServerSession,
    messageId: string,
    { answer = 'accepted' }: Behaviour,
  ): Promise<RequestAnswer> {
    switch (answer) {
      case 'accepted':
        return { messageId };
      case 'late':
        await this.#pause(this.#options.lateMs);
        return { messageId };
      case 'reordered':
        await this.#holdBack();
        return { messageId };
      case 'cut':
        await this.#sayInOctets(session, encodePdu('submit_sm_resp', message, { messageId }));
        return { silent: true };
      case 'bad_frame':
        session.sendRaw(Uint8Array.of(0, 0, 0, 3, 0x80, 0, 0, 4));
        return { silent: true };
      case 'closed':
        // What was answered before is said.
        await setImmediate();
        session.close();
        return { silent: true };
      case 'half_open':
        this.#halfOpen.add(session);
        session.socket.pause();
        return { silent: true };
      case 'none':
        return { silent: true };
      default:
        return answer satisfies never;
    }
  }

  #take(message: PduOf<'submit_sm'>, messageId: string, behaviour: Behaviour): void {
    const { text, place } = readText(message);
    const part = place?.number ?? 1;
    this.taken.push({ messageId, source: message.source, destination: message.destination, text, part });
    const isLast = part === (place?.total ?? 1);
    for (const receipt of message.registeredDelivery === 0 ? [] : (behaviour.receipts ?? [])) {
      const fails = behaviour.failingPart === part;
      const told = fails ? { ...receipt, state: 'UNDELIVERABLE' as const } : receipt;
      this.#after(receipt.delayMs, () => this.#tell(message, messageId, told));
    }
    const { reply } = behaviour;
    if (reply === undefined || !isLast) return;
    this.#after(2 * REPLY_MS, () => this.receive(message.destination, message.source, reply));
  }

  #tell(message: PduOf<'submit_sm'>, messageId: string, { state, id = 'same', form }: HostileReceipt): void {
    if (!FINAL.has(this.stateOf(messageId))) this.#states.set(messageId, state);
    const spelled = {
      same: messageId,
      hex: Number(messageId).toString(16),
      zeros: ZEROS + messageId,
      unknown: `9${messageId}`,
    }[id];
    const nowMs = Date.now();
    const receipt = toReceipt({
      messageId: spelled,
      state,
      submittedAtMs: nowMs,
      doneAtMs: nowMs,
      error: state === 'DELIVERED' ? '000' : '001',
      text: readText(message).text,
      ...(form === undefined ? {} : { form }),
    });
    this.#deliver({ source: message.destination, destination: message.source, ...receipt });
  }

  #query(messageId: string): RequestAnswer {
    if (!this.taken.some((part) => part.messageId === messageId)) return { status: STATUSES.RQUERYFAIL };
    return { messageId, messageState: MESSAGE_STATES[this.stateOf(messageId)] };
  }

  /** One frame after the other. */
  async #sayInOctets(session: ServerSession, frame: Uint8Array): Promise<void> {
    const before = this.#cutting.get(session) ?? Promise.resolve();
    const said = before.then(() => session.sendInOctets(frame, setImmediate));
    this.#cutting.set(session, said);
    await said;
  }

  #holdBack(): Promise<void> {
    this.#releaseHeldBack();
    return new Promise((resolve) => {
      this.#heldBack = resolve;
      this.#after(REORDERED_MS, resolve);
    });
  }

  /** After the answer that is being given. */
  #releaseHeldBack(): void {
    const release = this.#heldBack;
    this.#heldBack = undefined;
    if (release !== undefined) void setImmediate().then(release);
  }

  #pause(ms: number): Promise<void> {
    return ms === 0 ? Promise.resolve() : new Promise((resolve) => this.#after(ms, resolve));
  }

  #after(ms: number, run: () => void): void {
    if (this.#isClosed) return;
    const timer = setTimeout(() => {
      this.#timers.delete(timer);
      run();
    }, ms * this.#timeScale);
    this.#timers.add(timer);
  }
}
