import type { Account, Caller } from '../accounts/index.ts';
import { normaliseV1Phone, numberToPhone, phoneToNumber } from '../lib/e164.ts';
import { AppError } from '../lib/errors.ts';
import { isCleanText } from '../lib/fields.ts';
import { timeZonesOf } from '../phone/index.ts';
import { findBlocks } from '../store/block-store.ts';
import { type ContactViewRow, readContactPhones, readContactViews } from '../store/contact-view-store.ts';
import type { ContactDeps } from './contact-deps.ts';
import { toTime, toZone } from './contact-view.ts';
import { liveListIds } from './read-contacts.ts';

const DEFAULT_LIMIT = 100;
const MAX_LIMIT = 1_000;

/** A contact of version 1: one a number, whatever lists it is on. */
export interface V1Contact {
  readonly id: string | null;
  readonly phone_number: string;
  readonly first_name: string | null;
  readonly last_name: string | null;
  readonly email: string | null;
  readonly status: 'subscribed' | 'unsubscribed';
  readonly opted_out: string | null;
  readonly timezone: string | null;
  readonly created_at: string;
}

/** @throws AppError `invalid_phone`; `contact_not_found` (404) */
export async function getV1Contact(deps: ContactDeps, caller: Caller, { phone: text }: { readonly phone: string }) {
  const e164 = isCleanText(text) ? normaliseV1Phone(text) : undefined;
  if (e164 === undefined) throw new AppError('invalid_phone', { text: 'Invalid phone number format' });
  const [contact] = await readV1Contacts(deps, caller, [phoneToNumber(e164)]);
  if (contact === undefined) throw new AppError('contact_not_found', { status: 404 });
  const { phone_number, status, opted_out } = contact;
  return { phone_number, status, opted_out, contact, deprecated: true as const };
}

/** All contacts of the account by id. @throws AppError `invalid_limit`, `invalid_offset` */
export async function listV1Contacts(
  deps: ContactDeps,
  caller: Caller,
  query: { readonly limit?: string | undefined; readonly offset?: string | undefined },
) {
  const limit = parseCount(query.limit, DEFAULT_LIMIT);
  if (limit === undefined || limit < 1) throw new AppError('invalid_limit');
  const offset = parseCount(query.offset, 0);
  if (offset === undefined) throw new AppError('invalid_offset');
  const page = { offset, limit: Math.min(limit, MAX_LIMIT) };
  const phones = await readContactPhones(deps.pool, liveListIds(deps, caller), page);
  return { contacts: await readV1Contacts(deps, caller, phones), deprecated: true as const };
}

function parseCount(text: string | undefined, byDefault: number): number | undefined {
  if (text === undefined) return byDefault;
  return /^[0-9]{1,15}$/.test(text) ? Number(text) : undefined;
}

/** In the order of the phones; those on no list of the account are left out. */
async function readV1Contacts(deps: ContactDeps, caller: Caller, phones: readonly number[]): Promise<V1Contact[]> {
  const { account } = caller;
  const rows = await readContactViews(deps.pool, account.id, liveListIds(deps, caller), phones);
  const blocks = await findBlocks(deps.pool, account.id, phones);
  const blocked = new Set(blocks.filter((block) => block.listId === null).map((block) => block.phone));
  return phones.flatMap((phone) => {
    const own = rows.filter((row) => row.phone === phone);
    return own.length === 0 ? [] : [toV1Contact(own, blocked.has(phone), account)];
  });
}

function toV1Contact(rows: readonly ContactViewRow[], isBlocked: boolean, account: Account): V1Contact {
  const row = rows[0] as ContactViewRow;
  const isSubscribed = !isBlocked && rows.some((each) => each.active);
  const lastOptOutMs = Math.max(...rows.map((each) => each.unsubscribedMs ?? 0));
  return {
    id: row.contactId,
    phone_number: numberToPhone(row.phone),
    first_name: row.firstName,
    last_name: row.lastName,
    email: row.email,
    status: isSubscribed ? 'subscribed' : 'unsubscribed',
    opted_out: lastOptOutMs === 0 ? null : toTime(lastOptOutMs),
    timezone: toZone(row.timezone, timeZonesOf(row.phone), account),
    created_at: toTime(row.createdMs) ?? '',
  };
}
