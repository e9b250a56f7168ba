import type { CarrierReport } from '../carriers/carrier.ts';
import { carrierIdSpellings, toNormalCarrierId } from '../lib/carrier-ids.ts';
import { insertCarrierRefs, lockCarrierRefs, takeParkedReports, type CarrierRef } from '../store/carrier-ref-store.ts';
import { insertParts } from '../store/message-progress-store.ts';
import type { Transaction } from '../store/transaction.ts';
import type { ApplyScope } from './apply-reports.ts';
import type { Moved } from './contact-effects.ts';
import { applyUnparked } from './stages/apply-stage.ts';

/** A message that the carrier has, with the carrier's ids of its parts in order. */
export interface TakenMessage {
  readonly number: number;
  readonly carrierIds: readonly string[];
  /** False: receipts will carry only the carrier's ids. */
  readonly echoesOwnId: boolean;
}

/**
 * To be called before the rows of messages are locked when `registerIds` follows with ids that receipts are matched by:
 * the applying side takes the same locks in the same order.
 */
export async function lockIds(transaction: Transaction, listId: number, taken: readonly TakenMessage[]): Promise<void> {
  if (taken.some((message) => !message.echoesOwnId)) await lockCarrierRefs(transaction, listId);
}

/**
 * Keeps the carrier's ids of parts and those that receipts have to be matched by, and applies the receipts that were
 * faster than the ids. Returns what they moved.
 */
export async function registerIds(
  transaction: Transaction,
  scope: ApplyScope,
  taken: readonly TakenMessage[],
): Promise<Moved> {
  const { listId, nowMs } = scope;
  const refs: CarrierRef[] = [];
  const parts: { number: number; part: number; carrierId: string }[] = [];
  for (const { number, carrierIds, echoesOwnId } of taken) {
    for (const [index, carrierId] of carrierIds.entries()) {
      if (carrierId === '') continue;
      const isPart = carrierIds.length > 1;
      const part = index + 1;
      if (isPart) parts.push({ number, part, carrierId });
      if (!echoesOwnId) refs.push({ carrierId: toNormalCarrierId(carrierId), number, part: isPart ? part : null });
    }
  }
  await insertParts(transaction, listId, parts);
  if (refs.length === 0) return { listId, moves: new Map(), failures: [] };
  await insertCarrierRefs(transaction, listId, refs, nowMs);
  const spellings = refs.flatMap((ref) => carrierIdSpellings(ref.carrierId));
  const parked = (await takeParkedReports(transaction, listId, spellings)) as CarrierReport[];
  return await applyUnparked(transaction, scope, parked);
}
