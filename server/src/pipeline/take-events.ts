import type { Directory } from '../accounts/directory-types.ts';
import type { CarrierEvents } from '../carriers/carrier.ts';
import type { Withdrawals } from '../contacts/index.ts';
import { type Clock, HOUR_MS } from '../lib/clock.ts';
import type { Log } from '../log/log.ts';
import type { Stopped } from '../store/withdrawal-link.ts';
import { findStopping } from './opt-out-texts.ts';
import { encodeEvents } from './stages/apply-stage.ts';

/** A text that was not applied by then, for whatever reason, holds nobody back any longer. */
const APPLIED_WITHIN_MS = HOUR_MS;

export interface TakeEventsDeps {
  readonly log: Pick<Log, 'append' | 'partitions'>;
  readonly directory: Pick<Directory, 'account' | 'list' | 'listsOf'>;
  readonly withdrawals: Pick<Withdrawals, 'begin'>;
  /** Tells the other processes of opt-outs that have come; resolves when they have heard. Never rejects. */
  readonly announce?: ((stopped: readonly Stopped[]) => Promise<void>) | undefined;
  readonly clock: Clock;
}

/**
 * Stores what carriers tell in the event log; durable when it resolves, so that they can be told that it came. By then
 * nothing that waits for a carrier starts to leave for whoever opted out, though the text is applied later.
 */
export function createTakeEvents(deps: TakeEventsDeps): (events: CarrierEvents) => Promise<void> {
  const { log, directory, withdrawals, announce, clock } = deps;
  return async (events) => {
    const { listId, inbound } = events;
    const carrier = directory.list(listId)?.type ?? 'unknown';
    const value = encodeEvents({ ...events, carrier, arrivedMs: clock() });
    const stopped = findStopping(directory, listId, inbound);
    withdrawals.begin(stopped, APPLIED_WITHIN_MS);
    const announced = stopped.length === 0 ? undefined : announce?.(stopped);
    await log.append('events', listId % log.partitions, value);
    await announced;
  };
}
