import { type ConsentHead, readConsentChain, readConsentHeads } from '../store/consent-store.ts';
import type { Pool } from '../store/pool.ts';
import { withSnapshot } from '../store/snapshot.ts';
import type { Transaction } from '../store/transaction.ts';
import { firstHash, sealConsent } from './consent-record.ts';

/** What became of the ledger of one account since it was written. */
export interface LedgerCheck {
  readonly account_id: string;
  /** Records that are as they were written. */
  readonly records: number;
  readonly ok: boolean;
  /** The first record that is not: its id where there is one, and what is wrong. */
  readonly problem: { readonly seq: number; readonly id: string | null; readonly text: string } | null;
}

const PAGE = 5_000;

/**
 * Computes the chains of all accounts anew: a record that was changed, taken out, added or moved breaks its chain, and one
 * that was cut off at the end lacks what the head names. Reads 5,000 records at a time,
 * all as they are at one moment.
 */
export async function verifyConsents({ pool }: { readonly pool: Pool }): Promise<LedgerCheck[]> {
  return await withSnapshot(pool, async (snapshot) => {
    const checks: LedgerCheck[] = [];
    for (const head of await readConsentHeads(snapshot)) checks.push(await verifyChain(snapshot, head));
    return checks;
  });
}

async function verifyChain(snapshot: Transaction, head: ConsentHead): Promise<LedgerCheck> {
  const { accountId } = head;
  let prevHash = firstHash(accountId);
  let seq = 0;
  const broken = (id: string | null, text: string): LedgerCheck => {
    return { account_id: accountId, records: seq, ok: false, problem: { seq: seq + 1, id, text } };
  };
  for (;;) {
    const page = await readConsentChain(snapshot, accountId, seq, PAGE);
    for (const record of page) {
      if (record.seq !== seq + 1) return broken(null, 'a record is missing');
      if (record.prevHash !== prevHash) return broken(record.id, 'it does not follow the record before it');
      if (record.hash !== sealConsent(record).hash) return broken(record.id, 'it was changed');
      prevHash = record.hash;
      seq++;
    }
    if (page.length < PAGE) break;
  }
  if (head.seq > seq) return broken(null, `${head.seq - seq} records at the end are missing`);
  if (head.seq < seq || head.hash !== prevHash) return broken(null, 'records were added behind the end');
  return { account_id: accountId, records: seq, ok: true, problem: null };
}
