import type { BodyInput, PduOf, Request, RequestCommand, Response, ResponseTo } from '../protocol/pdu.ts';
import { PduError } from '../protocol/pdu-error.ts';
import { STATUSES } from '../protocol/statuses.ts';
import type { RequestAnswer } from '../session/answers.ts';
import type { NoAnswer } from '../session/request-window.ts';
import type { Session } from '../session/session.ts';
import { Bind } from './bind.ts';
import type {
  BindMode,
  BindState,
  ClientOptions,
  OutgoingMessage,
  PartOutcome,
  SettleMessage,
} from './client-options.ts';
import { RateLimit } from './rate-limit.ts';
import { SubmitBatch, type Submission } from './submit-queue.ts';

const STOPPED: PartOutcome = { kind: 'not_sent', reason: 'stopped' };
const NOT_SENT_CLOSED: PartOutcome = { kind: 'not_sent', reason: 'closed' };
const WITHDRAWN: PartOutcome = { kind: 'not_sent', reason: 'withdrawn' };
const INVALID: PartOutcome = { kind: 'not_sent', reason: 'invalid' };
const UNANSWERED: Record<NoAnswer['reason'], PartOutcome> = {
  invalid: INVALID,
  timed_out: { kind: 'in_doubt', reason: 'timed_out' },
  closed: { kind: 'in_doubt', reason: 'closed' },
};

const MODES: Record<NonNullable<ClientOptions['bindMode']>, readonly BindMode[]> = {
  transceiver: ['transceiver'],
  'transmitter+receiver': ['transmitter', 'receiver'],
  transmitter: ['transmitter'],
  receiver: ['receiver'],
};

/**
 * A pool of sessions to one SMSC. Messages wait in the order they came until a session has room and the rate allows them;
 * nothing that may have been sent is ever sent again. Begins to connect at once, and again for ever when a session ends.
 */
export class SmppClient implements AsyncDisposable {
  readonly #options: ClientOptions;
  readonly #binds: readonly Bind[];
  readonly #rate: RateLimit;
  #batches: SubmitBatch[] = [];
  #rateTimer: NodeJS.Timeout | undefined;
  #isClosing = false;
  #isPumping = false;
  #turn = 0;

  constructor(options: ClientOptions) {
    this.#options = options;
    this.#rate = new RateLimit(options.ratePerSecond ?? Infinity, performance.now());
    const owner = {
      onRequest: (request: Request, session: Session) => this.#onRequest(request, session),
      onRoom: () => this.#pump(),
      onState: (bind: Bind, cut: Submission | undefined) => this.#onState(bind, cut),
    };
    const modes = MODES[options.bindMode ?? 'transceiver'];
    this.#binds = Array.from({ length: options.binds ?? 1 }, () =>
      modes.map((mode) => new Bind(mode, options, owner)),
    ).flat();
    for (const bind of this.#binds) bind.connect();
  }

  /** The places of the pool. */
  get binds(): BindState[] {
    return this.#binds.map((bind) => bind.state);
  }

  /** Parts a second that are sent at most now. */
  get ratePerSecond(): number {
    return this.#rate.perSecond;
  }

  /** Messages that were handed over and not started. */
  get waiting(): number {
    return this.#batches.reduce((sum, batch) => sum + batch.remaining, 0);
  }

  /**
   * Submits every message once. `settle` is called once a message, in any order; the promise resolves when all are
   * settled and never rejects. While no session is bound, messages wait. `signal` aborted: those not started are settled
   * as `not_sent`; those on their way get their answer or become in doubt at their time limit.
   */
  submitAll(messages: readonly OutgoingMessage[], settle: SettleMessage, signal?: AbortSignal): Promise<void> {
    if (messages.length === 0) return Promise.resolve();
    return new Promise((resolve) => {
      const stop = (): void => batch.stop(STOPPED);
      const batch = new SubmitBatch(messages, settle, () => {
        signal?.removeEventListener('abort', stop);
        resolve();
      });
      if (signal?.aborted === true) return stop();
      if (this.#isClosing) return batch.stop(NOT_SENT_CLOSED);
      signal?.addEventListener('abort', stop);
      this.#batches.push(batch);
      this.#pump();
    });
  }

  /** Submits one message; one outcome a part. */
  async submit(message: OutgoingMessage): Promise<readonly PartOutcome[]> {
    let outcomes: readonly PartOutcome[] = [];
    await this.submitAll([message], (_, settled) => (outcomes = settled));
    return outcomes;
  }

  /**
   * Any other request, such as query_sm, on a session that has room. `none` with reason `closed` when there is no such
   * session. @throws PduError when the body does not fit its fields
   */
  request<Name extends RequestCommand>(
    command: Name,
    body: BodyInput<Name>,
  ): Promise<PduOf<ResponseTo<Name> | 'generic_nack'> | NoAnswer> {
    const bind = this.#binds.find((each) => each.mode !== 'receiver' && each.session?.hasRoom === true);
    if (bind?.session === undefined) return Promise.resolve({ command: 'none', reason: 'closed' });
    const { session } = bind;
    return new Promise((resolve) => session.request(command, body, resolve as (answer: Response | NoAnswer) => void));
  }

  /**
   * Settles what was not started, waits for answers to what was sent, unbinds and closes.
   * @param withinMs after which sessions are closed as they are, and what has no answer is in doubt. Default: each wait has
   *   the time limit of answers
   */
  async close(withinMs = Infinity): Promise<void> {
    this.#isClosing = true;
    clearTimeout(this.#rateTimer);
    const batches = this.#batches;
    this.#batches = [];
    for (const batch of batches) batch.stop(NOT_SENT_CLOSED);
    for (const bind of this.#binds) {
      const cut = bind.current;
      bind.current = undefined;
      cut?.abandon(NOT_SENT_CLOSED);
    }
    await Promise.all(this.#binds.map((bind) => bind.close(withinMs)));
  }

  async [Symbol.asyncDispose](): Promise<void> {
    await this.close();
  }

  /** Fills the windows, one session after the other, until messages, room or rate run out. */
  #pump(): void {
    if (this.#isPumping || this.#isClosing) return;
    this.#isPumping = true;
    try {
      const { length } = this.#binds;
      for (let i = 0; i < length; i++) {
        const bind = this.#binds[(this.#turn + i) % length] as Bind;
        if (bind.mode !== 'receiver' && bind.session?.hasRoom === true && !this.#fill(bind, bind.session)) break;
      }
      this.#turn = (this.#turn + 1) % length;
    } finally {
      this.#isPumping = false;
    }
  }

  /** False: the rate allows no more for now. */
  #fill(bind: Bind, session: Session): boolean {
    let allowed = this.#rate.available(performance.now());
    let sent = 0;
    while (session.hasRoom) {
      if (allowed < 1) {
        if (bind.current !== undefined || this.#batches.length > 0) this.#waitForRate();
        break;
      }
      const submission = bind.current ?? this.#nextSubmission();
      if (submission === undefined) break;
      bind.current = submission;
      allowed--;
      sent++;
      this.#sendPart(bind, session, submission);
      if (submission.isSent) bind.current = undefined;
    }
    if (sent > 0) this.#rate.take(sent);
    return allowed >= 1;
  }

  #nextSubmission(): Submission | undefined {
    for (let batch = this.#batches[0]; batch !== undefined; batch = this.#batches[0]) {
      while (batch.hasMore) {
        const submission = batch.next();
        if (submission.isSent) submission.settleEmpty();
        else if (submission.message.isWithdrawn?.() === true) submission.abandon(WITHDRAWN);
        else return submission;
      }
      this.#batches.shift();
    }
    return undefined;
  }

  #sendPart(bind: Bind, session: Session, submission: Submission): void {
    const part = submission.nextPart++;
    const body = submission.message.parts[part] as OutgoingMessage['parts'][number];
    try {
      session.request('submit_sm', body, (answer) => this.#onAnswer(bind, session, submission, part, answer));
    } catch (error) {
      if (!(error instanceof PduError)) throw error;
      submission.settlePart(part, INVALID);
      submission.abandon(INVALID);
    }
  }

  #onAnswer(bind: Bind, session: Session, submission: Submission, part: number, answer: Response | NoAnswer): void {
    const outcome = toOutcome(answer);
    if (outcome.kind === 'refused') this.#onRefused(bind, session, outcome.status);
    if (submission.isSettled(part)) this.#options.onLateAnswer?.({ tag: submission.message.tag, part, outcome });
    else submission.settlePart(part, outcome);
  }

  #onRefused(bind: Bind, session: Session, status: number): void {
    if (status === STATUSES.RTHROTTLED || status === STATUSES.RMSGQFUL) this.#rate.backOff(performance.now());
    // The peer has forgotten the bind: answers that are out are waited for, then it is bound anew.
    if (status === STATUSES.RINVBNDSTS && bind.session === session) void session.unbind();
  }

  #waitForRate(): void {
    clearTimeout(this.#rateTimer);
    this.#rateTimer = setTimeout(() => this.#pump(), this.#rate.waitMs());
  }

  /** Parts of a cut message that were not sent: the message is not whole any more, so they never will be. */
  #onState(bind: Bind, cut: Submission | undefined): void {
    cut?.abandon(NOT_SENT_CLOSED);
    this.#options.onState?.(bind.state);
  }

  #onRequest(request: Request, session: Session): RequestAnswer | Promise<RequestAnswer> {
    if (request.command !== 'deliver_sm' && request.command !== 'data_sm') return { status: STATUSES.RINVCMDID };
    if (session.systemId === '') return { status: STATUSES.RINVBNDSTS };
    const handled = this.#options.onDeliver?.(request);
    return handled instanceof Promise ? handled.then(() => ({})) : {};
  }
}

/** The right answer to a submit is a submit_sm_resp; any other answer with an error says no as well. */
function toOutcome(answer: Response | NoAnswer): PartOutcome {
  if (answer.command === 'none') return UNANSWERED[answer.reason];
  if (answer.command === 'submit_sm_resp' && answer.status === 0) {
    return { kind: 'accepted', messageId: answer.messageId };
  }
  return answer.status === 0 ? UNANSWERED.timed_out : { kind: 'refused', status: answer.status };
}
