import type { Logger } from './logger.ts';

/** A list so many of whose messages were called spam that this ends no subscriptions until then. */
export interface ComplainedList {
  readonly id: number;
  readonly accountId: string;
  readonly type: string;
}

/** Tells the operator; at most once an hour and list, because it is told only when it begins. */
export function createComplaintsAlert(logger: Logger): (list: ComplainedList, untilMs: number) => void {
  return ({ id, accountId, type }, untilMs) => {
    const list = { listId: id, accountId, carrier: type, until: new Date(untilMs).toISOString() };
    logger.error(
      list,
      'more than 5 % of the last messages of the list were called spam: these end no subscriptions for now',
    );
  };
}
