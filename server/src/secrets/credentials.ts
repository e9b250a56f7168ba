import type { DataKey } from '../store/installation-store.ts';
import { isTextSealedBefore, openText, sealText } from './sealed-text.ts';

/** What a carrier needs to know of a list, by name. */
export type Credentials = Readonly<Record<string, unknown>>;

/** The same as it is stored: names in the clear, each value `KEYVERSION.BASE64`. */
export type SealedCredentials = Readonly<Record<string, string>>;

/** Seals each value for this list and its name, so that it opens nowhere else. */
export function sealCredentials(key: DataKey, listId: number, credentials: Credentials): SealedCredentials {
  return mapValues(credentials, (value, name) => sealText(key, JSON.stringify(value), toPlace(listId, name)));
}

/** null: a value was sealed for another list or name, with a key that is gone, or was changed. */
export function openCredentials(
  keys: readonly DataKey[],
  listId: number,
  sealed: Readonly<Record<string, unknown>>,
): Credentials | null {
  try {
    return mapValues(sealed, (value, name) => openValue(keys, value, toPlace(listId, name)));
  } catch (error) {
    if (error instanceof UnreadableError) return null;
    throw error;
  }
}

class UnreadableError extends Error {}

function openValue(keys: readonly DataKey[], value: unknown, place: string): unknown {
  const plain = openText(keys, String(value), place);
  if (plain === undefined) throw new UnreadableError();
  return JSON.parse(plain) as unknown;
}

/** Says whether any value was sealed with an older key. */
export function isSealedBefore(version: number, sealed: Readonly<Record<string, unknown>>): boolean {
  return Object.values(sealed).some((value) => isTextSealedBefore(version, String(value)));
}

function toPlace(listId: number, name: string): string {
  return `list ${listId} ${name}`;
}

function mapValues<From, To>(
  record: Readonly<Record<string, From>>,
  map: (value: From, name: string) => To,
): Readonly<Record<string, To>> {
  return Object.fromEntries(Object.entries(record).map(([name, value]) => [name, map(value, name)]));
}
