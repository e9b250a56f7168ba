import { type ConsentHead, readConsentChain, readConsentHeads, type StoredConsent } from '../store/consent-store.ts';
import type { Pool } from '../store/pool.ts';
import { withSnapshot } from '../store/snapshot.ts';
import type { Transaction } from '../store/transaction.ts';
import { firstHash, hashConsent } from './consent-record.ts';

/** What became of the ledger of one account since it was written. */
export interface LedgerCheck {
  readonly account_id: string;
  /** Records that are as they were written. */
  readonly records: number;
  /** Hash of the last of them, hexadecimal: whoever keeps it elsewhere can ask for it later. */
  readonly head: string;
  readonly ok: boolean;
  /** The first record that is not: its id where there is one, and what is wrong. */
  readonly problem: { readonly seq: number; readonly id: string | null; readonly text: string } | null;
}

export interface LedgersCheck {
  readonly ok: boolean;
  readonly ledgers: readonly LedgerCheck[];
  /** Of the hashes that were asked for, those that no good record has. */
  readonly missing_heads: readonly string[];
}

const PAGE = 5_000;

/**
 * Computes the chains of all accounts anew: a record that was changed, taken out, added or moved breaks its chain, and one
 * that was cut off at the end lacks what the head names. Who can write to the database could cut off the end and put the
 * head back: against that, `heads` are hashes that earlier checks told, which must still be there. Reads 5,000 records
 * at a time, all as they are at one moment.
 */
export async function verifyConsents(
  { pool }: { readonly pool: Pool },
  { heads = [] }: { readonly heads?: readonly string[] } = {},
): Promise<LedgersCheck> {
  const missing = new Set(heads);
  return await withSnapshot(pool, async (snapshot) => {
    const ledgers: LedgerCheck[] = [];
    for (const head of await readConsentHeads(snapshot)) ledgers.push(await verifyChain(snapshot, head, missing));
    const ok = missing.size === 0 && ledgers.every((ledger) => ledger.ok);
    return { ok, ledgers, missing_heads: [...missing] };
  });
}

async function verifyChain(snapshot: Transaction, end: ConsentHead, missing: Set<string>): Promise<LedgerCheck> {
  const { accountId } = end;
  let last = { seq: 0, id: null as string | null, hash: firstHash(accountId) };
  const told = (problem: LedgerCheck['problem']): LedgerCheck => {
    const { seq: records, hash: head } = last;
    return { account_id: accountId, records, head, ok: problem === null, problem };
  };
  for (;;) {
    const page = await readConsentChain(snapshot, accountId, last.seq, PAGE);
    for (const record of page) {
      const problem = judge(record, last);
      if (problem !== undefined) return told(problem);
      last = record;
      missing.delete(record.hash);
    }
    if (page.length < PAGE) break;
  }
  return told(judgeEnd(end, last));
}

type Place = Pick<StoredConsent, 'seq' | 'hash'>;

function judge(record: StoredConsent, last: Place): LedgerCheck['problem'] | undefined {
  const seq = last.seq + 1;
  const { id } = record;
  if (record.seq !== seq) return { seq, id: null, text: `missing: the next one is ${record.seq} (${id})` };
  if (record.prevHash !== last.hash) return { seq, id, text: 'it does not follow the record before it' };
  if (record.hash !== hashConsent(record)) return { seq, id, text: 'it was changed' };
  return undefined;
}

function judgeEnd(end: ConsentHead, last: Place & { readonly id: string | null }): LedgerCheck['problem'] {
  const { seq, id } = last;
  if (end.seq === 0) return { seq, id, text: 'what names it as the end of the ledger is missing' };
  if (end.seq > seq)
    return { seq: seq + 1, id: null, text: `missing: the ledger was cut off, it had ${end.seq} records` };
  if (end.seq < seq) return { seq: end.seq + 1, id: null, text: `slipped in: the ledger ends at record ${end.seq}` };
  return end.hash === last.hash ? null : { seq, id, text: 'it is not the one that the ledger ends with' };
}
