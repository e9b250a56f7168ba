import type { Caller } from '../accounts/index.ts';
import { appendConsent } from '../compliance/index.ts';
import { isE164, numberToPhone, phoneToNumber } from '../lib/e164.ts';
import { AppError } from '../lib/errors.ts';
import { createFieldTable, findFieldError, textKind } from '../lib/fields.ts';
import { offsetOf, type Pagination, parsePage, toPagination } from '../lib/page.ts';
import { type BlockRow, deleteBlock, insertBlock, lockBlocks, readBlocks } from '../store/block-store.ts';
import type { Transaction } from '../store/transaction.ts';
import { type ContactDeps, within, type WriteInput } from './contact-deps.ts';
import { contactError, listField, phoneField } from './contact-fields.ts';
import { toTime } from './contact-view.ts';
import { findOwnList } from './parse-contact.ts';

const MAX_PER_PAGE = 100;

/** Fields of `POST /api/v2/blocks`. */
export const blockFields = createFieldTable([
  phoneField,
  {
    name: 'list_number',
    kind: listField.kind,
    description: 'A list of the account; absent: all of them, also those that are made later',
    invalid: 'invalid_list_number',
  },
  {
    name: 'reason',
    kind: textKind({ maxLength: 255 }),
    description: 'For people, such as `litigator`',
    invalid: 'invalid_reason',
  },
]);

export interface BlockView {
  readonly id: string;
  readonly phone_number: string;
  /** null: the whole account. */
  readonly list_number: string | null;
  readonly reason: string | null;
  readonly created_at: string;
}

/**
 * Blocks a number on one list, or on all of the account. Blocks never expire. `created` false: it was blocked already.
 * @throws AppError the codes of `POST /api/v2/blocks`
 */
export async function addBlock(
  deps: ContactDeps,
  caller: Caller,
  { body, transaction }: WriteInput,
): Promise<{ readonly success: true; readonly block: BlockView; readonly created: boolean }> {
  const nowMs = deps.clock();
  const error = findFieldError(blockFields, body, nowMs);
  if (error !== undefined) throw contactError(error);
  const listNumber = body['list_number'] ?? '';
  const list = listNumber === '' ? null : findOwnList({ directory: deps.directory, caller }, listNumber as string);
  if (list === undefined) throw new AppError('list_not_found');
  const target = {
    phone: phoneToNumber(body['phone_number'] as string),
    listId: list?.id ?? null,
    reason: (body['reason'] as string | null | undefined) ?? null,
  };
  const { block, created } = await within(deps, transaction, (tx) => blockPhone(deps, tx, caller, target, nowMs));
  return { success: true, block: toView(deps, block), created };
}

export interface BlockTarget {
  readonly phone: number;
  /** null: the whole account. */
  readonly listId: number | null;
  readonly reason: string | null;
}

/** Blocks a number within a transaction, with its record in the consent ledger. What waits for a carrier does not start. */
export async function blockPhone(
  deps: Pick<ContactDeps, 'directory' | 'withdraw'>,
  transaction: Transaction,
  { account, key }: Caller,
  { phone, listId, reason }: BlockTarget,
  nowMs: number,
): Promise<{ readonly block: BlockRow; readonly created: boolean }> {
  const listIds = listId === null ? deps.directory.listsOf(account.id).map(({ id }) => id) : [listId];
  await deps.withdraw(
    transaction,
    listIds.map((id) => ({ listId: id, phone })),
  );
  await lockBlocks(transaction, account.id);
  const result = await insertBlock(transaction, { accountId: account.id, listId, phone, reason, createdMs: nowMs });
  if (!result.created) return result;
  const actor = `key:${key.id}`;
  const entry = { accountId: account.id, phone, listId, kind: 'block', atMs: nowMs, source: 'api' } as const;
  await appendConsent(transaction, { ...entry, text: reason, actor }, nowMs);
  return result;
}

/** @throws AppError `invalid_phone`, `invalid_page`, `invalid_per_page` */
export async function listBlocks(
  deps: ContactDeps,
  { account }: Caller,
  query: Readonly<Record<string, string>>,
): Promise<{ readonly blocks: readonly BlockView[]; readonly pagination: Pagination }> {
  const { phone_number: phoneNumber } = query;
  if (phoneNumber !== undefined && !isE164(phoneNumber)) throw contactError('invalid_phone');
  const page = parsePage(query, MAX_PER_PAGE);
  const { blocks, total } = await readBlocks(deps.pool, account.id, {
    phone: phoneNumber === undefined ? null : phoneToNumber(phoneNumber),
    offset: offsetOf(page),
    limit: page.perPage,
  });
  return { blocks: blocks.map((block) => toView(deps, block)), pagination: toPagination(page, total) };
}

/**
 * Takes a block away. What another block covers stays blocked.
 * @throws AppError `not_found`
 */
export async function removeBlock(
  deps: ContactDeps,
  { account, key }: Caller,
  { id }: { readonly id: string },
): Promise<{ readonly success: true; readonly deleted: true }> {
  if (!/^[0-9a-f]{24}$/i.test(id)) throw new AppError('not_found');
  const nowMs = deps.clock();
  await within(deps, null, async (tx) => {
    await lockBlocks(tx, account.id);
    const block = await deleteBlock(tx, account.id, id.toLowerCase());
    if (block === undefined) throw new AppError('not_found');
    const { phone, listId } = block;
    const entry = { accountId: account.id, phone, listId, kind: 'unblock', atMs: nowMs, source: 'api' } as const;
    await appendConsent(tx, { ...entry, actor: `key:${key.id}` }, nowMs);
  });
  return { success: true, deleted: true };
}

function toView({ directory }: ContactDeps, block: BlockRow): BlockView {
  return {
    id: block.id,
    phone_number: numberToPhone(block.phone),
    list_number: block.listId === null ? null : (directory.list(block.listId)?.number ?? null),
    reason: block.reason,
    created_at: toTime(block.createdMs) ?? '',
  };
}
