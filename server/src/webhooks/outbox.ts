import type { Directory } from '../accounts/index.ts';
import type { Clock } from '../lib/clock.ts';
import { createTimedIds } from '../lib/timed-id.ts';
import type { Transaction } from '../store/transaction.ts';
import { insertDeliveries } from '../store/webhook-delivery-store.ts';
import { messageNumberOf, toEventBody, type EventName, type WebhookEvent } from './events.ts';

/** Where events are put in the transaction of what they report, so that both are there or none. */
export interface Outbox {
  /** Answered from memory. False: nothing of this event needs to be gathered, for nobody would be told. */
  wants(accountId: string, event: EventName): boolean;
  /**
   * Writes the events that endpoints of the account subscribe to, one delivery an endpoint; nothing for the others, and
   * without a statement when there is none. They go out once the transaction is committed.
   */
  emit(transaction: Transaction, accountId: string, events: readonly WebhookEvent[]): Promise<void>;
}

export interface OutboxDeps {
  readonly directory: Pick<Directory, 'wantsEvent'>;
  readonly clock: Clock;
  /** Events of this account were written and are about to be committed. */
  readonly onEmitted?: ((accountId: string) => void) | undefined;
}

export function createOutbox({ directory, clock, onEmitted }: OutboxDeps): Outbox {
  return {
    wants: (accountId, event) => directory.wantsEvent(accountId, event),
    async emit(transaction, accountId, events) {
      const wanted = events.filter(({ event }) => directory.wantsEvent(accountId, event));
      if (wanted.length === 0) return;
      const nowMs = clock();
      const ids = createTimedIds(nowMs, wanted.length);
      const rows = wanted.map((event, index) => ({
        eventId: ids[index] ?? '',
        event: event.event,
        messageNumber: messageNumberOf(event),
        isDrop: event.event === 'delivery' && event.isDrop === true,
        body: toEventBody(event),
      }));
      await insertDeliveries(transaction, accountId, rows, nowMs);
      onEmitted?.(accountId);
    },
  };
}

/** Tells nobody. */
export const NO_OUTBOX: Outbox = { wants: () => false, emit: async () => {} };
