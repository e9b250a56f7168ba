import { WITHDRAWN, type SubmitMessage, type SubmitOutcome } from '../carrier.ts';
import { type Answered, KEPT_BACK, type RoadAnswer, type RoadRequest } from './exchange.ts';
import type { HttpRoad } from './http-road.ts';

/**
 * Outcomes in the order of the messages; one that is missing is in doubt. `one_by_one`: the carrier refused the batch as
 * a whole and took none of it, so each message goes in a request of its own.
 */
export type SubmitVerdict = readonly (SubmitOutcome | undefined)[] | 'one_by_one';

/** How one carrier says a submit over HTTP. */
export interface SubmitDialect {
  /** Messages a request, at least 1. */
  readonly batchSize: number;
  toRequest(messages: readonly SubmitMessage[]): RoadRequest;
  /** What the answer says of each message. When it throws, all are in doubt: what cannot be read proves nothing. */
  toOutcomes(messages: readonly SubmitMessage[], answer: Answered): SubmitVerdict;
}

export type Settle = (index: number, outcome: SubmitOutcome) => void;

/**
 * `submit` of an HTTP carrier's connection. The one place that decides what may go again: a request of which nothing was
 * written, and what the carrier definitely refused for now. Everything else that is not an answer is in doubt.
 */
export async function submitOverHttp(
  road: HttpRoad,
  dialect: SubmitDialect,
  messages: readonly SubmitMessage[],
  settle: Settle,
  signal: AbortSignal,
): Promise<void> {
  const alone: number[] = [];
  const indexes = [...messages.keys()];
  await submitBatches({ road, dialect, messages, settle, signal }, indexes, dialect.batchSize, alone);
  if (alone.length > 0) await submitBatches({ road, dialect, messages, settle, signal }, alone, 1, []);
}

interface Submitting {
  readonly road: HttpRoad;
  readonly dialect: SubmitDialect;
  readonly messages: readonly SubmitMessage[];
  readonly settle: Settle;
  readonly signal: AbortSignal;
}

/** Submits the messages of `indexes`; those that have to go alone are added to `alone` unsettled. */
async function submitBatches(
  { road, dialect, messages, settle, signal }: Submitting,
  indexes: readonly number[],
  batchSize: number,
  alone: number[],
): Promise<void> {
  const started = new Map<number, readonly number[]>();
  const placesOf = (batch: number): readonly number[] =>
    started.get(batch) ?? indexes.slice(batch * batchSize, (batch + 1) * batchSize);
  const messagesOf = (batch: number): SubmitMessage[] =>
    placesOf(batch).map((index) => messages[index] as SubmitMessage);
  /** The turn of a batch has come: whoever opted out while it waited is left out. */
  function start(batch: number): SubmitMessage[] {
    const places = placesOf(batch);
    const staying = places.filter((index) => messages[index]?.isWithdrawn?.() !== true);
    started.set(batch, staying);
    for (const index of places) if (!staying.includes(index)) settle(index, WITHDRAWN);
    return messagesOf(batch);
  }
  const requests = {
    count: Math.ceil(indexes.length / batchSize),
    toRequest(batch: number) {
      const starting = start(batch);
      return starting.length === 0 ? undefined : dialect.toRequest(starting);
    },
    mayStart: (batch: number) => messagesOf(batch).every((message) => message.isWithdrawn?.() !== true),
    onAnswer(batch: number, answer: RoadAnswer) {
      const places = placesOf(batch);
      const verdict = judge(dialect, messagesOf(batch), answer);
      if (verdict === 'one_by_one' && places.length > 1) {
        alone.push(...places);
        return;
      }
      for (const [place, index] of places.entries()) {
        settle(index, (verdict === 'one_by_one' ? undefined : verdict[place]) ?? UNREADABLE);
      }
    },
  };
  await road.sendAll(requests, signal);
}

const UNREADABLE: SubmitOutcome = { kind: 'in_doubt', code: 'unreadable_answer' };

function judge(dialect: SubmitDialect, batch: readonly SubmitMessage[], answer: RoadAnswer): SubmitVerdict {
  if (answer.kind !== 'answered') return batch.map(() => withoutAnswer(answer));
  try {
    return dialect.toOutcomes(batch, answer);
  } catch {
    return [];
  }
}

function withoutAnswer(answer: Exclude<RoadAnswer, Answered>): SubmitOutcome {
  if (answer === KEPT_BACK) return WITHDRAWN;
  const { kind, code } = answer;
  if (kind === 'lost') return { kind: 'in_doubt', code };
  return { kind: 'retry', detail: 'CARRIER_UNAVAILABLE', code, connectionFailed: !answer.stopped };
}
