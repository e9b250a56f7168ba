import {
  type BindState,
  messageStateOf,
  SmppClient,
  type LateAnswer,
  type OutgoingMessage,
  type PartOutcome,
} from '@trackly/smpp';
import { SECOND_MS, type Clock } from '../../lib/clock.ts';
import type {
  CallbackContent,
  CarrierConnection,
  CarrierList,
  CheckResult,
  LookUpResult,
  SubmitMessage,
  SubmitOutcome,
} from '../carrier.ts';
import { countSessions, createBindWatch, type BindWatch, type SmppSessions } from './bind-watch.ts';
import { checkBind } from './check-bind.ts';
import { toTold } from './codes.ts';
import { createGatherer, type Gatherer } from './gather-arrivals.ts';
import { readDelivered } from './incoming.ts';
import { toAnswerId } from './message-id-form.ts';
import { toOutgoing } from './outgoing.ts';
import { settleParts, UNSENDABLE, type Settlement } from './part-outcomes.ts';
import { readSettings, type SmppSettings } from './settings.ts';
import { createStop, type Stop, type StopReason } from './stop.ts';

export interface SmppConnectionDeps {
  readonly clock: Clock;
  /** Stores what came in; durable when it resolves, and said again by the SMSC when it rejects. */
  readonly onArrived: (content: CallbackContent) => Promise<void>;
  /** Sessions came or went. */
  readonly onSessions?: (sessions: SmppSessions) => void;
  /** How long messages wait for a session when there is none. Default 5,000. */
  readonly graceMs?: number | undefined;
}

/** What has not begun to leave by then goes back to the queue, where it can grow stale, be cancelled and be stopped. */
const PATIENCE_MS = 60 * SECOND_MS;
/** How long sessions are given to end in order when no submit waits for an answer. */
const CLOSE_MS = 2 * SECOND_MS;
/** A message that meets a fault of the SMSC so often is given up. */
const MAX_FAULTS = 5;
/** Messages whose faults, and whose unanswered parts, are remembered. */
const MAX_REMEMBERED = 10_000;
const MAX_REFERENCE = 0x10000;

/**
 * The sessions of one list at its SMSC: what goes out and what comes in. Opens with the first submit or with `open`, and
 * keeps itself open until it is disposed.
 */
export class SmppConnection implements CarrierConnection {
  readonly #deps: SmppConnectionDeps;
  readonly #list: CarrierList;
  readonly #settings: SmppSettings;
  readonly #arrivals: Gatherer;
  readonly #watch: BindWatch;
  /** Messages in doubt with what is known of their parts; late answers are added. */
  readonly #doubts = new Remembered<PartOutcome[]>(MAX_REMEMBERED);
  readonly #faults = new Remembered<number>(MAX_REMEMBERED);
  #client: SmppClient | undefined;
  #isDisposed = false;
  #openSubmits = 0;
  #reference = Math.floor(Math.random() * MAX_REFERENCE);

  constructor(deps: SmppConnectionDeps, list: CarrierList) {
    this.#deps = deps;
    this.#list = list;
    this.#settings = readSettings(list.credentials);
    this.#arrivals = createGatherer(deps.onArrived);
    this.#watch = createBindWatch(deps.graceMs);
  }

  open(): void {
    if (!this.#isDisposed) this.#connect();
  }

  async submit(
    messages: readonly SubmitMessage[],
    settle: (index: number, outcome: SubmitOutcome) => void,
    signal: AbortSignal,
  ): Promise<void> {
    const open = new Set(messages.keys());
    const settleOnce = (index: number, outcome: SubmitOutcome): void => {
      if (open.delete(index)) settle(index, outcome);
    };
    if (signal.aborted || this.#isDisposed) {
      for (const index of messages.keys()) settleOnce(index, this.#toRetry('told'));
    } else if (messages.length > 0) await this.#submit(messages, settleOnce, signal);
    for (const index of open) settleOnce(index, { kind: 'in_doubt', code: 'stopped' });
  }

  /** Resolves when all are settled, or some time after it was told to stop. */
  async #submit(
    messages: readonly SubmitMessage[],
    settle: (index: number, outcome: SubmitOutcome) => void,
    signal: AbortSignal,
  ): Promise<void> {
    const stop = createStop(signal);
    const patience = setTimeout(() => stop.now('slow'), PATIENCE_MS);
    const unwatch = this.#watch.onGone(() => stop.now('unbound'));
    this.#openSubmits++;
    try {
      await Promise.race([this.#send(messages, settle, stop), stop.graceOver]);
    } finally {
      clearTimeout(patience);
      unwatch();
      stop.end();
      this.#openSubmits--;
    }
  }

  async #send(
    messages: readonly SubmitMessage[],
    settle: (index: number, outcome: SubmitOutcome) => void,
    stop: Stop,
  ): Promise<void> {
    const { outgoing, indexes, unsendable } = this.#toParts(messages);
    for (const index of unsendable) settle(index, UNSENDABLE);
    const settling: Promise<void>[] = [];
    const onParts = (place: number, parts: readonly PartOutcome[]): void => {
      const index = indexes[place] as number;
      const settled = this.#settle(messages[index] as SubmitMessage, parts, stop.reason);
      settling.push(settled.then((outcome) => settle(index, outcome)));
    };
    await this.#connect().submitAll(outgoing, onParts, stop.signal);
    await Promise.all(settling);
  }

  /** What late answers told; nothing else helps without the carrier's id. */
  async lookUp(message: SubmitMessage): Promise<LookUpResult> {
    const parts = this.#doubts.get(message.id);
    if (parts === undefined || parts.some(({ kind }) => kind === 'in_doubt')) return { kind: 'unknown' };
    const { outcome, report } = this.#settleParts(message.id, parts, 'told');
    if (outcome.kind === 'retry') return { kind: 'absent' };
    const common = { messageId: message.id, carrierId: null, part: null, permanent: null, code: null, atMs: null };
    if (outcome.kind === 'refused') {
      const { detail, permanent, code } = outcome;
      return { kind: 'found', carrierIds: [], report: { ...common, state: 'failed', detail, permanent, code } };
    }
    const carrierIds = outcome.kind === 'accepted' ? outcome.carrierIds : [];
    const told = await this.#query(parts);
    return { kind: 'found', carrierIds, report: report ?? { ...common, ...told } };
  }

  check(): Promise<CheckResult> {
    return checkBind(this.#settings);
  }

  async [Symbol.asyncDispose](): Promise<void> {
    this.#isDisposed = true;
    // With new credentials, what the old sessions have out is awaited as long as ever.
    await this.#client?.close(this.#openSubmits > 0 ? this.#settings.client.responseTimeoutMs : CLOSE_MS);
    this.#watch.close();
  }

  #connect(): SmppClient {
    this.#client ??= new SmppClient({
      ...this.#settings.client,
      onDeliver: (message) => {
        const { reports, inbound } = readDelivered(message, this.#settings, this.#deps.clock());
        return this.#arrivals.add(reports, inbound);
      },
      onState: () => this.#onState(this.#client?.binds ?? []),
      onLateAnswer: (late) => this.#onLateAnswer(late),
    });
    return this.#client;
  }

  #onState(binds: readonly BindState[]): void {
    this.#watch.onBinds(binds);
    const sessions = this.#isDisposed ? undefined : countSessions(binds);
    if (sessions !== undefined) this.#deps.onSessions?.(sessions);
  }

  #toParts(messages: readonly SubmitMessage[]): {
    outgoing: OutgoingMessage[];
    /** Of the messages in `outgoing`. */
    indexes: number[];
    unsendable: number[];
  } {
    const outgoing: OutgoingMessage[] = [];
    const indexes: number[] = [];
    const unsendable: number[] = [];
    for (const [index, message] of messages.entries()) {
      this.#reference = (this.#reference + 1) % MAX_REFERENCE;
      const parts = toOutgoing(message, this.#settings, this.#reference);
      if (parts === undefined) unsendable.push(index);
      else {
        outgoing.push(parts);
        indexes.push(index);
      }
    }
    return { outgoing, indexes, unsendable };
  }

  #settleParts(messageId: string, parts: readonly PartOutcome[], stopReason: StopReason): Settlement {
    const toId = (id: string): string => toAnswerId(id, this.#settings.messageIdForm);
    return settleParts(messageId, parts, { toId, notSent: this.#toRetry(stopReason) });
  }

  async #settle({ id }: SubmitMessage, parts: readonly PartOutcome[], stopReason: StopReason): Promise<SubmitOutcome> {
    const { outcome, report } = this.#settleParts(id, parts, stopReason);
    if (outcome.kind === 'in_doubt') this.#doubts.set(id, [...parts]);
    if (report === null) return this.#countFaults(id, outcome);
    try {
      await this.#arrivals.add([{ ...report, ownNumber: this.#list.number }], []);
      return outcome;
    } catch {
      // What the report says is nowhere; a receipt of the part that was taken will tell more.
      return { kind: 'in_doubt', code: report.code };
    }
  }

  #countFaults(id: string, outcome: SubmitOutcome): SubmitOutcome {
    if (outcome.kind !== 'retry' || outcome.detail !== 'REJECTED_SYSTEM_ERROR') return outcome;
    const faults = (this.#faults.get(id) ?? 0) + 1;
    this.#faults.set(id, faults);
    if (faults < MAX_FAULTS) return outcome;
    const { detail, code } = outcome;
    return { kind: 'refused', detail, permanent: false, code };
  }

  /** Nothing of a message was sent. */
  #toRetry(reason: StopReason): SubmitOutcome {
    switch (reason) {
      case 'told':
        return { kind: 'retry', detail: 'CARRIER_UNAVAILABLE', code: null, connectionFailed: false };
      case 'slow':
        return { kind: 'retry', detail: 'THROTTLED', code: null, connectionFailed: false };
      case 'unbound':
        return { kind: 'retry', ...this.#watch.reason(), connectionFailed: true };
      default:
        return reason satisfies never;
    }
  }

  #onLateAnswer({ tag = '', part, outcome }: LateAnswer): void {
    const parts = this.#doubts.get(tag);
    if (parts !== undefined) parts[part] = outcome;
  }

  /** The state of a message of one part, where the SMSC can be asked. */
  async #query(parts: readonly PartOutcome[]): Promise<ReturnType<typeof toTold>> {
    const [part] = parts;
    const pending = toTold('ENROUTE', undefined, this.#settings.receiptErrors);
    if (!this.#settings.querySupported || part?.kind !== 'accepted' || parts.length > 1) return pending;
    const answer = await this.#connect().request('query_sm', { messageId: part.messageId });
    if (answer.command !== 'query_sm_resp' || answer.status !== 0) return pending;
    const state = messageStateOf(answer.messageState);
    return state === undefined ? pending : toTold(state, undefined, this.#settings.receiptErrors);
  }
}

/** A map that forgets what was put in first. */
class Remembered<Value> {
  readonly #limit: number;
  readonly #values = new Map<string, Value>();

  constructor(limit: number) {
    this.#limit = limit;
  }

  get(key: string): Value | undefined {
    return this.#values.get(key);
  }

  set(key: string, value: Value): void {
    this.#values.delete(key);
    this.#values.set(key, value);
    if (this.#values.size <= this.#limit) return;
    const [oldest] = this.#values.keys();
    if (oldest !== undefined) this.#values.delete(oldest);
  }
}
