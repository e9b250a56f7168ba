import { isListNumber, isShortCode } from '../lib/e164.ts';
import { isCleanText } from '../lib/fields.ts';
import type { Caller, Directory, List } from './directory-types.ts';

/** What `from_phone_number_id` may be in version 1: `pn_...`, a list id as a number or in digits, the number of a list. */
export function isV1Sender(from: unknown): boolean {
  if (typeof from === 'number') return Number.isSafeInteger(from) && from > 0;
  return (
    typeof from === 'string' && isCleanText(from) && (from.startsWith('pn_') || isListId(from) || isListNumber(from))
  );
}

function isListId(text: string): boolean {
  return /^[0-9]{1,15}$/.test(text) && Number(text) > 0;
}

/** Digits mean a list id first and a short code second. Other accounts' lists are not seen. */
export function findV1Sender(
  directory: Pick<Directory, 'list' | 'listByNumber' | 'listByV1Id'>,
  caller: Caller,
  from: unknown,
): List | undefined {
  const own = (list: List | undefined): List | undefined => (list?.accountId === caller.account.id ? list : undefined);
  if (typeof from === 'number') return own(directory.list(from));
  const text = from as string;
  if (text.startsWith('pn_')) return own(directory.listByV1Id(text));
  const byId = isListId(text) ? own(directory.list(Number(text))) : undefined;
  return byId ?? (isShortCode(text) || text.startsWith('+') ? own(directory.listByNumber(text)) : undefined);
}
