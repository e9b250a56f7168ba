import { findRoom, MAX_CAP, MAX_CAP_HOURS, type QuietRule, toRuleName } from '../compliance/index.ts';
import { HOUR_MS } from '../lib/clock.ts';
import { loadMarketingSends, lockMarketingSends } from '../store/marketing-sends-store.ts';
import type { Queryable } from '../store/queryable.ts';
import type { Transaction } from '../store/transaction.ts';
import { LANES } from './batch.ts';
import { FLAGS, hasFlag } from './flags.ts';
import { MESSAGE_STATES as S } from './message-state.ts';
import type { OutboundMessage } from './outbound-message.ts';
import { drop, hold, refuse, type GateBatch, type RefusalReason } from './stage.ts';

/** Messages in these states left for their recipient, as far as anybody knows. */
const LEFT = [S.submitting, S.sent, S.in_doubt, S.unknown, S.delivered, S.undelivered];

/** Messages under a state's cap, in the order in which they leave, with the rules that may hold for their recipients. */
export type CappedMessages = ReadonlyMap<OutboundMessage, readonly QuietRule[]>;

/**
 * Refuses messages that would be one too many, counted over all lists of the account. Exact, however many processes send:
 * until the transaction that writes the marks of the others ends, nobody else counts the same recipients.
 */
export async function reserveSends(
  transaction: Transaction,
  batch: GateBatch,
  listIds: readonly number[],
  capped: CappedMessages,
): Promise<void> {
  const phones = [...capped.keys()].map((message) => message.phone);
  await lockMarketingSends(transaction, batch.account?.id ?? '', phones);
  await refuseCapped(transaction, batch, listIds, capped);
}

/** The same without making sure that it stays true: for what is not sent. */
export async function refuseCapped(
  db: Queryable,
  batch: GateBatch,
  listIds: readonly number[],
  capped: CappedMessages,
): Promise<void> {
  const { nowMs } = batch;
  const messages = [...capped.keys()];
  const sent = await loadMarketingSends(
    db,
    {
      listIds,
      sinceMs: nowMs - MAX_CAP_HOURS * HOUR_MS,
      limit: MAX_CAP,
      lane: LANES.marketing,
      states: LEFT,
      // A batch holds sandbox messages only or none.
      simulated: messages.some((message) => hasFlag(message.flags, 'simulated')),
      simulatedFlag: FLAGS.simulated,
    },
    messages.map((message) => message.phone),
  );
  const reasons = new Map<OutboundMessage, RefusalReason>();
  for (const [message, rules] of capped) {
    const sentMs = sent.get(message.phone) ?? [];
    const { atMs, rule } = findRoom(nowMs, sentMs, rules);
    if (rule !== null && atMs !== null) reasons.set(message, toReason(batch, rule, atMs));
    // Messages of the batch that go count for those behind them.
    else sent.set(message.phone, [nowMs, ...sentMs]);
  }
  refuse(batch, 'quiet_hours', reasons);
}

function toReason({ list }: GateBatch, rule: QuietRule, atMs: number): RefusalReason {
  const name = toRuleName(rule);
  if (list?.settings.quietHoursMode !== 'cancel') return hold('frequency_rule', atMs, name);
  return { ...drop('frequency_rule', `more often than ${rule.id} allows`), rule: name };
}
