import { int8Array } from './array-parameters.ts';
import type { Queryable } from './queryable.ts';
import type { Transaction } from './transaction.ts';

/** Locks an account has at the most: so few that a batch can take all of them, so many that small batches seldom meet. */
const LOCKS = 16;

/**
 * Until the transaction ends nobody else can count and add marketing messages of the account to these phones. Waits for
 * whoever is at it. To be called first, while the transaction holds nothing that others wait for; locks are taken in
 * order, so two that lock alike never wait for each other.
 */
export async function lockMarketingSends(
  transaction: Transaction,
  accountId: string,
  phones: readonly number[],
): Promise<void> {
  const locks = [...new Set(phones.map((phone) => phone % LOCKS))].sort((a, b) => a - b);
  await transaction.query({
    name: 'marketing_sends.lock',
    text: `
      select pg_advisory_xact_lock(hashtext('trackly marketing_sends ' || $1), lock) from unnest($2::integer[]) as lock`,
    values: [accountId, locks],
  });
}

export interface SendsScope {
  /** All lists of the account. */
  readonly listIds: readonly number[];
  /** Messages that left after this count, the newest `limit` of a recipient. */
  readonly sinceMs: number;
  readonly limit: number;
  /** Code of the marketing lane, states of messages that left, and whether sandbox messages are meant. */
  readonly lane: number;
  readonly states: readonly number[];
  readonly simulated: boolean;
  readonly simulatedFlag: number;
}

/**
 * When marketing messages to each of these phones left, newest first; phones without any are missing. From the mark on, or
 * from when the carrier took it, which is later. Asks `message`, because a count that is added up later is not exact.
 */
export async function loadMarketingSends(
  db: Queryable,
  scope: SendsScope,
  phones: readonly number[],
): Promise<Map<number, number[]>> {
  const { rows } = await db.query<{ phone: number; sentMs: number[] }>({
    name: 'marketing_sends.load',
    text: `
      select q.phone, sent.ms as "sentMs"
      from unnest($1::bigint[]) as q(phone), lateral (
        select array(
          select greatest(m.submitted_ms, m.sent_ms) from message m
          where m.list_id = any ($2::integer[]) and m.phone = q.phone and m.lane = $5
            and greatest(m.submitted_ms, m.sent_ms) > $3
            and m.state = any ($6::smallint[]) and ((m.flags & $8) <> 0) = $7
          order by 1 desc limit $4
        ) as ms
      ) sent
      where cardinality(sent.ms) > 0`,
    values: [
      int8Array([...new Set(phones)]),
      scope.listIds,
      scope.sinceMs,
      scope.limit,
      scope.lane,
      scope.states,
      scope.simulated,
      scope.simulatedFlag,
    ],
  });
  return new Map(rows.map(({ phone, sentMs }) => [phone, sentMs]));
}
