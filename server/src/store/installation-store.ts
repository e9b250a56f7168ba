import { randomBytes } from 'node:crypto';
import { deriveKey, KEY_BYTES, seal, unseal } from '../lib/sealed.ts';
import type { Queryable } from './queryable.ts';
import type { Pool } from './pool.ts';
import { type Transaction, withTransaction } from './transaction.ts';

/** The database was made with another secret key: ids would be wrong and credentials unreadable. */
export class WrongSecretKeyError extends Error {
  override readonly name = 'WrongSecretKeyError';

  constructor() {
    super('This database belongs to an installation with another TRACKLY_SECRET_KEY; start it with that key.');
  }
}

/** A key of the installation as the database has it: sealed under the secret key. */
export interface SealedKey {
  /** Grows with each rotation. */
  readonly version: number;
  /** base64 */
  readonly sealed: string;
}

export interface DataKey {
  readonly version: number;
  readonly key: Buffer;
}

const IDENTITY = 'identity key';
/** Held shared while credentials are written, and alone while a newer data key is made. */
const CREDENTIALS_LOCK = 7_401_733_102;

/**
 * Makes the keys of the installation on the first start and holds later ones to the secret key. Several processes may
 * start at once.
 * @returns the identity key, which the permutations of ids are made with; it never changes
 * @throws WrongSecretKeyError
 */
export async function bindSecretKey(pool: Pool, secretKey: Buffer): Promise<Buffer> {
  const known = await readIdentityKey(pool);
  if (known !== undefined) return openIdentityKey(secretKey, known);
  return await withTransaction(pool, async (transaction) => {
    const sealed = sealKey(secretKey, randomBytes(KEY_BYTES), IDENTITY);
    const { rowCount } = await transaction.query({
      name: 'installation.insert',
      text: 'insert into installation (identity_key) values ($1) on conflict (one) do nothing',
      values: [sealed],
    });
    if (rowCount === 1) await insertDataKey(transaction, secretKey, 1);
    return openIdentityKey(secretKey, (await readIdentityKey(transaction)) ?? '');
  });
}

/** @returns false also while there is nothing to hold it to */
export async function isSecretKeyOf(db: Queryable, secretKey: Buffer): Promise<boolean> {
  const known = await readIdentityKey(db);
  return known !== undefined && openKey(secretKey, known, IDENTITY) !== undefined;
}

/** The newest data key; until the transaction ends no newer one is made, so that nothing is sealed with one that is gone. */
export async function readNewestDataKey(transaction: Transaction, secretKey: Buffer): Promise<DataKey> {
  await transaction.query(`select pg_advisory_xact_lock_shared(${CREDENTIALS_LOCK})`);
  const keys = await readDataKeys(transaction, secretKey);
  const newest = keys.at(-1);
  if (newest === undefined) throw new Error('The database has no data key');
  return newest;
}

/** All data keys by version. @throws WrongSecretKeyError */
export async function readDataKeys(db: Queryable, secretKey: Buffer): Promise<DataKey[]> {
  const { rows } = await db.query<SealedKey>({
    name: 'data_key.all',
    text: 'select version, sealed from data_key order by version',
  });
  return openDataKeys(secretKey, rows);
}

/** @throws WrongSecretKeyError */
export function openDataKeys(secretKey: Buffer, rows: readonly SealedKey[]): DataKey[] {
  return rows.map(({ version, sealed }) => {
    const key = openKey(secretKey, sealed, toDataKeyPlace(version));
    if (key === undefined) throw new WrongSecretKeyError();
    return { version, key };
  });
}

/** Waits for whoever writes credentials; who writes later has the new key. */
export async function addDataKey(transaction: Transaction, secretKey: Buffer, version: number): Promise<void> {
  await transaction.query(`select pg_advisory_xact_lock(${CREDENTIALS_LOCK})`);
  await insertDataKey(transaction, secretKey, version);
}

export async function deleteDataKeysBefore(transaction: Transaction, version: number): Promise<void> {
  await transaction.query({
    name: 'data_key.delete_before',
    text: 'delete from data_key where version < $1',
    values: [version],
  });
}

/**
 * Seals the identity key and all data keys under another secret key.
 * @throws WrongSecretKeyError when `secretKey` is not the one that they are sealed under
 */
export async function resealKeys(transaction: Transaction, secretKey: Buffer, newSecretKey: Buffer): Promise<void> {
  const identity = openIdentityKey(secretKey, (await readIdentityKey(transaction, 'for update')) ?? '');
  await transaction.query({
    name: 'installation.reseal',
    text: 'update installation set identity_key = $1',
    values: [sealKey(newSecretKey, identity, IDENTITY)],
  });
  for (const { version, key } of await readDataKeys(transaction, secretKey)) {
    await transaction.query({
      name: 'data_key.reseal',
      text: 'update data_key set sealed = $2 where version = $1',
      values: [version, sealKey(newSecretKey, key, toDataKeyPlace(version))],
    });
  }
}

async function insertDataKey(transaction: Transaction, secretKey: Buffer, version: number): Promise<void> {
  await transaction.query({
    name: 'data_key.insert',
    text: 'insert into data_key (version, sealed) values ($1, $2)',
    values: [version, sealKey(secretKey, randomBytes(KEY_BYTES), toDataKeyPlace(version))],
  });
}

async function readIdentityKey(db: Queryable, lock: '' | 'for update' = ''): Promise<string | undefined> {
  const { rows } = await db.query<{ sealed: string }>(`select identity_key as sealed from installation ${lock}`);
  return rows[0]?.sealed;
}

function openIdentityKey(secretKey: Buffer, sealed: string): Buffer {
  const key = openKey(secretKey, sealed, IDENTITY);
  if (key === undefined) throw new WrongSecretKeyError();
  return key;
}

function toDataKeyPlace(version: number): string {
  return `data key ${version}`;
}

function sealKey(secretKey: Buffer, key: Buffer, place: string): string {
  return seal(toWrappingKey(secretKey), key, place).toString('base64');
}

function openKey(secretKey: Buffer, sealed: string, place: string): Buffer | undefined {
  return unseal(toWrappingKey(secretKey), Buffer.from(sealed, 'base64'), place);
}

function toWrappingKey(secretKey: Buffer): Buffer {
  return deriveKey(secretKey, 'trackly keys of the installation');
}
