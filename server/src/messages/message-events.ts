import type { Directory, List } from '../accounts/index.ts';
import type { IdCodec } from '../lib/public-id.ts';
import { hasFlag } from '../pipeline/flags.ts';
import { MESSAGE_STATES as S } from '../pipeline/message-state.ts';
import { loadMessageFacts, type MessageFacts } from '../store/message-store.ts';
import type { Transaction } from '../store/transaction.ts';
import type { DeliveryEvent, DeliveryStatus, Outbox, SentEvent } from '../webhooks/index.ts';
import { toMessageId } from './message-id.ts';

/** What is known of a message has changed. */
export interface MessageChange {
  readonly number: number;
  /** Code of message-state.ts. */
  readonly state: number;
  readonly detail: string | null;
  readonly atMs: number;
}

/** What one transaction made of messages of one list. */
export interface MessageNews {
  /** That the carrier took them is known from now on. */
  readonly sent?: readonly { readonly number: number; readonly atMs: number }[];
  readonly changed: readonly MessageChange[];
  /** The messages, where the caller has them at hand; else they are looked up. */
  readonly facts?: readonly MessageFacts[];
}

/** Tells endpoints of messages, in the transaction that writes their states. */
export interface MessageEvents {
  /** `news` is asked for only when somebody wants to know; without it this costs a look into memory. */
  tell(transaction: Transaction, listId: number, news: () => MessageNews): Promise<void>;
}

export interface MessageEventsDeps {
  readonly outbox: Outbox;
  readonly directory: Pick<Directory, 'list'>;
  readonly ids: Pick<IdCodec, 'encode'>;
}

export function createMessageEvents({ outbox, directory, ids }: MessageEventsDeps): MessageEvents {
  return {
    async tell(transaction, listId, news) {
      const list = directory.list(listId);
      if (list === undefined) return;
      const wantsSent = outbox.wants(list.accountId, 'sent');
      const wantsDelivery = outbox.wants(list.accountId, 'delivery');
      if (!wantsSent && !wantsDelivery) return;
      const { sent = [], changed, facts } = news();
      const [taken, moved] = [wantsSent ? sent : [], wantsDelivery ? changed : []];
      const numbers = [...new Set([...taken, ...moved].map(({ number }) => number))];
      if (numbers.length === 0) return;
      const known = new Map(
        (facts ?? (await loadMessageFacts(transaction, listId, numbers))).map((one) => [one.number, one]),
      );
      const withFacts = <News extends { readonly number: number }, Event>(
        items: readonly News[],
        toEvent: (item: News, of: MessageFacts) => Event,
      ): Event[] =>
        items.flatMap((item) => {
          const of = known.get(item.number);
          return of === undefined ? [] : [toEvent(item, of)];
        });
      await outbox.emit(transaction, list.accountId, [
        ...withFacts(taken, ({ atMs }, of): SentEvent => {
          const { segments } = of;
          return { event: 'sent', ...whichMessage(ids, list, of), segments: segments ?? 1, provider: list.type, atMs };
        }),
        ...withFacts(moved, (change, of) => toDeliveryEvent(list, whichMessage(ids, list, of), change)),
      ]);
    },
  };
}

/** For parts of the pipeline that run where nobody listens. */
export const NO_MESSAGE_EVENTS: MessageEvents = { tell: async () => {} };

type Which = Pick<SentEvent, 'number' | 'messageId' | 'phone' | 'listNumber' | 'simulated'>;

function whichMessage(ids: MessageEventsDeps['ids'], list: List, { number, phone, flags }: MessageFacts): Which {
  const simulated = hasFlag(flags, 'simulated');
  return { number, messageId: toMessageId(ids, number, simulated), phone, listNumber: list.number, simulated };
}

function toDeliveryEvent(list: List, message: Which, { state, detail, atMs }: MessageChange): DeliveryEvent {
  const isDrop = NEVER_LEFT.has(state);
  const status = toDeliveryStatus(state, detail);
  const provider = isDrop ? null : list.type;
  return { event: 'delivery', ...message, status, statusDetail: detail, provider, isDrop, atMs };
}

/** States of messages that no carrier was asked about. */
const NEVER_LEFT: ReadonlySet<number> = new Set([S.dropped, S.cancelled, S.orphaned]);

function toDeliveryStatus(state: number, detail: string | null): DeliveryStatus {
  if (state === S.delivered) return 'delivered';
  if (state === S.undelivered) return detail === 'EXPIRED' ? 'expired' : 'undeliverable';
  return state === S.failed || NEVER_LEFT.has(state) ? 'rejected' : 'pending';
}
