import type { Caller } from '../accounts/index.ts';
import { isE164, isListNumber, phoneToNumber } from '../lib/e164.ts';
import { AppError } from '../lib/errors.ts';
import { offsetOf, type Pagination, parsePage, toPagination } from '../lib/page.ts';
import { findBlocks } from '../store/block-store.ts';
import { countContactViews, readContactPage, readContactViews } from '../store/contact-view-store.ts';
import type { ContactDeps } from './contact-deps.ts';
import { contactError } from './contact-fields.ts';
import { toContactRow, toMembership, toPhoneView } from './contact-view.ts';
import { findOwnList } from './parse-contact.ts';

const MAX_PER_PAGE = 1_000;

/** The query as it came: one text a parameter. */
export interface RawContactQuery {
  readonly list_number?: string | undefined;
  readonly active?: string | undefined;
  readonly page?: string | undefined;
  readonly per_page?: string | undefined;
}

export interface ContactPage {
  readonly contacts: readonly Record<string, unknown>[];
  readonly pagination: Pagination;
}

/**
 * One page of the account's list contacts, newest signup first.
 * @throws AppError `invalid_list_number`, `invalid_active`, `invalid_page`, `invalid_per_page`, `list_not_found`
 */
export async function listContacts(deps: ContactDeps, caller: Caller, query: RawContactQuery): Promise<ContactPage> {
  const { list_number: listNumber } = query;
  if (listNumber !== undefined && !isListNumber(listNumber)) throw new AppError('invalid_list_number');
  const active = parseActive(query.active);
  const page = parsePage({ ...query }, MAX_PER_PAGE);
  const filter = { accountId: caller.account.id, listIds: chooseLists(deps, caller, listNumber), active };
  const rows = await readContactPage(deps.pool, filter, { offset: offsetOf(page), limit: page.perPage });
  const total = await countContactViews(deps.pool, filter);
  const context = { account: caller.account, directory: deps.directory };
  return { contacts: rows.map((row) => toContactRow(row, context)), pagination: toPagination(page, total) };
}

/** @throws AppError `invalid_active` */
export function parseActive(text: string | undefined): boolean | null {
  if (text === undefined) return null;
  if (text !== 'true' && text !== 'false') throw new AppError('invalid_active');
  return text === 'true';
}

/** Ids of the list with this number, or of all lists of the account that are not deleted. */
export function chooseLists(deps: ContactDeps, caller: Caller, listNumber: string | undefined): number[] {
  if (listNumber === undefined) return liveListIds(deps, caller);
  const list = findOwnList({ directory: deps.directory, caller }, listNumber);
  if (list === undefined) throw new AppError('list_not_found');
  return [list.id];
}

export function liveListIds({ directory }: Pick<ContactDeps, 'directory'>, { account }: Caller): number[] {
  return directory
    .listsOf(account.id)
    .filter((list) => list.status !== 'deleted')
    .map((list) => list.id);
}

/**
 * What the account knows of a number, with all its subscriptions.
 * @throws AppError `invalid_phone`; `contact_not_found` (404) when it is on no list of the account
 */
export async function getContact(
  deps: ContactDeps,
  caller: Caller,
  { phone: text }: { readonly phone: string },
): Promise<Record<string, unknown>> {
  if (!isE164(text)) throw contactError('invalid_phone');
  const phone = phoneToNumber(text);
  const rows = await readContactViews(deps.pool, caller.account.id, liveListIds(deps, caller), [phone]);
  const [first] = rows;
  if (first === undefined) throw new AppError('contact_not_found', { status: 404 });
  const blocks = await findBlocks(deps.pool, caller.account.id, [phone]);
  const context = { account: caller.account, directory: deps.directory };
  return {
    ...toPhoneView(first, context),
    blocked: blocks.length > 0,
    lists: rows.map((row) => toMembership(row, context)),
  };
}
