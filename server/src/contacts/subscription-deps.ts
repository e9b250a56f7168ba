import type { Directory } from '../accounts/index.ts';
import type { Transaction } from '../store/transaction.ts';
import type { Outbox, WebhookEvent } from '../webhooks/index.ts';
import type { Withdraw } from './withdrawals.ts';

/** What a change of subscriptions needs: who is told of it, and the lists' numbers. */
export interface SubscriptionDeps {
  readonly directory: Pick<Directory, 'list'>;
  readonly outbox: Outbox;
}

/** What the end of a subscription needs besides. */
export interface OptOutDeps extends SubscriptionDeps {
  readonly withdraw: Withdraw;
}

/** Something that happened to a subscription, before the list has a number. */
export type SubscriptionEvent<E extends WebhookEvent> = Omit<E, 'listNumber'> & {
  readonly accountId: string;
  readonly listId: number;
};

/** Emits events, account by account. */
export async function emitSubscriptionEvents<E extends WebhookEvent & { readonly listNumber: string }>(
  { directory, outbox }: SubscriptionDeps,
  transaction: Transaction,
  events: readonly SubscriptionEvent<E>[],
): Promise<void> {
  for (const accountId of new Set(events.map((event) => event.accountId))) {
    const own = events.filter((event) => event.accountId === accountId);
    await outbox.emit(
      transaction,
      accountId,
      own.map((event) => ({ ...event, listNumber: directory.list(event.listId)?.number ?? '' }) as unknown as E),
    );
  }
}
