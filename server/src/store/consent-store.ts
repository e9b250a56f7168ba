import { int8Array, textArray } from './array-parameters.ts';
import { copyEach } from './copy-rows.ts';
import type { Queryable } from './queryable.ts';
import type { Transaction } from './transaction.ts';

/** A record of the ledger of one account. */
export interface StoredConsent {
  /** From 1, without gaps. */
  readonly seq: number;
  readonly id: string;
  readonly phone: number;
  readonly listId: number | null;
  readonly kind: string;
  readonly atMs: number;
  readonly source: string;
  readonly ipAddress: string | null;
  readonly userAgent: string | null;
  readonly url: string | null;
  readonly text: string | null;
  readonly keyword: string | null;
  readonly actor: string | null;
  /** SHA-256 in hexadecimal: a buffer a record costs the garbage collector ten times as much. */
  readonly prevHash: string;
  readonly hash: string;
}

/** The end of an account's chain. */
export interface ConsentHead {
  readonly accountId: string;
  readonly seq: number;
  /** Hexadecimal. */
  readonly hash: string;
}

const COLUMNS = `seq, id, phone, list_id as "listId", kind, at_ms as "atMs", source, ip_address as "ipAddress",
  user_agent as "userAgent", url, text, keyword, actor, encode(prev_hash, 'hex') as "prevHash", encode(hash, 'hex') as hash`;

/** Locks the end of an account's chain until the commit; `first` is where one without records begins. */
export async function lockConsentHead(transaction: Transaction, first: ConsentHead): Promise<ConsentHead> {
  const { rows } = await transaction.query<ConsentHead>({
    name: 'consent_head.lock',
    text: `
      insert into consent_head as h (account_id, seq, hash) values ($1, $2, decode($3, 'hex'))
      on conflict (account_id) do update set seq = h.seq
      returning account_id as "accountId", seq, encode(hash, 'hex') as hash`,
    values: [first.accountId, first.seq, first.hash],
  });
  return rows[0] ?? first;
}

/** Adds records behind the locked end of an account, at a third of the cost; `moveConsentHead` has to follow. */
export async function loadConsentRows(
  transaction: Transaction,
  accountId: string,
  records: Iterable<StoredConsent>,
): Promise<void> {
  const columns = `account_id, seq, id, phone, list_id, kind, at_ms, source, ip_address, user_agent, url, text, keyword,
    actor, prev_hash, hash`;
  await copyEach(transaction, `copy consent (${columns}) from stdin`, records, (rows, record) => {
    rows.row(16).text(accountId).int8(record.seq).text(record.id).int8(record.phone).int4(record.listId);
    rows.text(record.kind).int8(record.atMs).text(record.source).text(record.ipAddress).text(record.userAgent);
    rows.text(record.url).text(record.text).text(record.keyword).text(record.actor).hex(record.prevHash);
    rows.hex(record.hash);
  });
}

/** Moves the locked end of a chain. */
export async function moveConsentHead(transaction: Transaction, head: ConsentHead): Promise<void> {
  await transaction.query({
    name: 'consent_head.move',
    text: `update consent_head set seq = $2, hash = decode($3, 'hex') where account_id = $1`,
    values: [head.accountId, head.seq, head.hash],
  });
}

/** Adds records behind the locked end and moves it to `head`. */
export async function appendConsentRows(
  transaction: Transaction,
  head: ConsentHead,
  records: readonly StoredConsent[],
): Promise<void> {
  await transaction.query({
    name: 'consent.append',
    text: `
      with moved as (update consent_head set seq = $2, hash = decode($3, 'hex') where account_id = $1)
      insert into consent (account_id, seq, id, phone, list_id, kind, at_ms, source, ip_address, user_agent, url, text,
        keyword, actor, prev_hash, hash)
      select $1, seq, id, phone, list_id, kind, at_ms, source, ip_address, user_agent, url, text, keyword, actor,
        decode(prev_hash, 'hex'), decode(hash, 'hex')
      from unnest($4::bigint[], $5::text[], $6::bigint[], $7::bigint[], $8::text[], $9::bigint[], $10::text[], $11::text[],
          $12::text[], $13::text[], $14::text[], $15::text[], $16::text[], $17::text[], $18::text[])
        as r(seq, id, phone, list_id, kind, at_ms, source, ip_address, user_agent, url, text, keyword, actor, prev_hash,
          hash)`,
    values: [
      head.accountId,
      head.seq,
      head.hash,
      int8Array(records.map((r) => r.seq)),
      textArray(records.map((r) => r.id)),
      int8Array(records.map((r) => r.phone)),
      int8Array(records.map((r) => r.listId)),
      textArray(records.map((r) => r.kind)),
      int8Array(records.map((r) => r.atMs)),
      textArray(records.map((r) => r.source)),
      textArray(records.map((r) => r.ipAddress)),
      textArray(records.map((r) => r.userAgent)),
      textArray(records.map((r) => r.url)),
      textArray(records.map((r) => r.text)),
      textArray(records.map((r) => r.keyword)),
      textArray(records.map((r) => r.actor)),
      textArray(records.map((r) => r.prevHash)),
      textArray(records.map((r) => r.hash)),
    ],
  });
}

/** Records about one phone, oldest first. */
export async function listConsentsOf(db: Queryable, accountId: string, phone: number): Promise<StoredConsent[]> {
  const { rows } = await db.query<StoredConsent>({
    name: 'consent.list_of_phone',
    text: `select ${COLUMNS} from consent where account_id = $1 and phone = $2 order by seq`,
    values: [accountId, phone],
  });
  return rows;
}

/** The next records of an account's chain after `afterSeq`, in order. */
export async function readConsentChain(
  db: Queryable,
  accountId: string,
  afterSeq: number,
  limit: number,
): Promise<StoredConsent[]> {
  const { rows } = await db.query<StoredConsent>({
    name: 'consent.read_chain',
    text: `select ${COLUMNS} from consent where account_id = $1 and seq > $2 order by seq limit $3`,
    values: [accountId, afterSeq, limit],
  });
  return rows;
}

/** Ends of all chains, and accounts that have records without one (seq 0, an empty hash). */
export async function readConsentHeads(db: Queryable): Promise<ConsentHead[]> {
  const { rows } = await db.query<ConsentHead>({
    name: 'consent_head.read_all',
    text: `
      select account_id as "accountId", coalesce(h.seq, 0) as seq, coalesce(encode(h.hash, 'hex'), '') as hash
      from consent_head h full join (select distinct account_id from consent) c using (account_id)
      order by account_id`,
  });
  return rows;
}
