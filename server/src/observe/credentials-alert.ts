import type { Logger } from './logger.ts';

const QUIET_MS = 60_000;

/** A list whose carrier refuses its credentials; nothing of it goes out until somebody mends them. */
export interface RefusedList {
  readonly id: number;
  readonly accountId: string;
  readonly type: string;
}

/** Tells the operator at once and then once a minute while it lasts. */
export function createCredentialsAlert(logger: Logger, nowMs: () => number): (list: RefusedList) => void {
  const quietUntilMs = new Map<number, number>();
  return ({ id, accountId, type }) => {
    if (nowMs() < (quietUntilMs.get(id) ?? 0)) return;
    quietUntilMs.set(id, nowMs() + QUIET_MS);
    const list = { listId: id, accountId, carrier: type };
    logger.error(list, 'the carrier refuses the credentials of the list: its messages wait until they are mended');
  };
}
