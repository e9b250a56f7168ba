import type { Caller } from '../accounts/index.ts';
import { isListNumber, numberToPhone } from '../lib/e164.ts';
import { AppError } from '../lib/errors.ts';
import {
  type ContactViewRow,
  type ExportPlace,
  readCustomFieldKeys,
  readContactExport,
} from '../store/contact-view-store.ts';
import type { ContactDeps } from './contact-deps.ts';
import { toTime } from './contact-view.ts';
import { toCsv } from './import/csv-cells.ts';
import { chooseLists, parseActive } from './read-contacts.ts';

const ROWS_AT_ONCE = 5_000;

const COLUMNS: readonly (readonly [name: string, value: (row: ContactViewRow) => unknown])[] = [
  ['phone_number', (row) => numberToPhone(row.phone)],
  ['email', (row) => row.email],
  ['first_name', (row) => row.firstName],
  ['last_name', (row) => row.lastName],
  ['carrier', (row) => row.carrier],
  ['line_type', (row) => row.lineType],
  ['consent_date', (row) => toTime(row.signupMs)],
  ['ad_network_source', (row) => row.adNetworkSource],
  ['ad_network_id', (row) => row.adNetworkId],
  // An import refuses rows that have it: who opted out is not to come back by the way of a file.
  ['unsubscribed_at', (row) => (row.active ? null : (toTime(row.unsubscribedMs) ?? toTime(row.signupMs)))],
];

/**
 * List contacts as CSV, in the columns that an import reads, by list and number.
 * @throws AppError `invalid_list_number`, `invalid_active`, `list_not_found`
 */
export async function exportContacts(
  deps: ContactDeps,
  caller: Caller,
  query: Readonly<Record<string, string>>,
): Promise<AsyncIterable<string>> {
  const { list_number: listNumber } = query;
  if (listNumber !== undefined && !isListNumber(listNumber)) throw new AppError('invalid_list_number');
  const active = parseActive(query['active']);
  const listIds = chooseLists(deps, caller, listNumber);
  const keys = await readCustomFieldKeys(deps.pool, listIds);
  return toLines(deps, { accountId: caller.account.id, listIds, active }, keys);
}

async function* toLines(
  { pool }: ContactDeps,
  filter: Parameters<typeof readContactExport>[1],
  keys: readonly string[],
): AsyncGenerator<string> {
  yield toCsv([[...COLUMNS.map(([name]) => name), ...keys.map((key) => `custom_fields.${key}`)]]);
  let after: ExportPlace = { listId: 0, phone: 0 };
  for (;;) {
    const rows = await readContactExport(pool, filter, after, ROWS_AT_ONCE);
    const last = rows.at(-1);
    if (last === undefined) return;
    yield toCsv(
      rows.map((row) => [...COLUMNS.map(([, value]) => value(row)), ...keys.map((key) => row.customFields[key])]),
    );
    after = last;
  }
}
