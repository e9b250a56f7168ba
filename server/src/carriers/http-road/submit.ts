import type { SubmitMessage, SubmitOutcome } from '../carrier.ts';
import type { Answered, RoadAnswer, RoadRequest } from './exchange.ts';
import type { HttpRoad } from './http-road.ts';

/** How one carrier says a submit over HTTP. */
export interface SubmitDialect {
  /** Messages a request, at least 1. */
  readonly batchSize: number;
  toRequest(messages: readonly SubmitMessage[]): RoadRequest;
  /**
   * What the answer says of each message, in their order. One without an outcome, and all of them when this throws, are
   * in doubt: an answer that cannot be read proves nothing.
   */
  toOutcomes(messages: readonly SubmitMessage[], answer: Answered): readonly (SubmitOutcome | undefined)[];
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
  const { batchSize } = dialect;
  const batchOf = (index: number): readonly SubmitMessage[] =>
    messages.slice(index * batchSize, (index + 1) * batchSize);
  const requests = {
    count: Math.ceil(messages.length / batchSize),
    toRequest: (index: number) => dialect.toRequest(batchOf(index)),
    onAnswer(index: number, answer: RoadAnswer) {
      const batch = batchOf(index);
      const outcomes = toOutcomes(dialect, batch, answer);
      for (let place = 0; place < batch.length; place++) {
        settle(index * batchSize + place, outcomes[place] ?? UNREADABLE);
      }
    },
  };
  await road.sendAll(requests, signal);
}

const UNREADABLE: SubmitOutcome = { kind: 'in_doubt', code: 'unreadable_answer' };

function toOutcomes(
  dialect: SubmitDialect,
  batch: readonly SubmitMessage[],
  answer: RoadAnswer,
): readonly (SubmitOutcome | undefined)[] {
  if (answer.kind !== 'answered') return batch.map(() => withoutAnswer(answer));
  try {
    return dialect.toOutcomes(batch, answer);
  } catch {
    return [];
  }
}

function withoutAnswer(answer: Exclude<RoadAnswer, Answered>): SubmitOutcome {
  const { kind, code } = answer;
  if (kind === 'lost') return { kind: 'in_doubt', code };
  return { kind: 'retry', detail: 'CARRIER_UNAVAILABLE', code, connectionFailed: !answer.stopped };
}
