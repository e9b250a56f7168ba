import type { Account, Caller, Directory, List } from '../accounts/index.ts';
import type { Clock } from '../lib/clock.ts';
import { normaliseV1Phone, phoneToNumber } from '../lib/e164.ts';
import { AppError, ERRORS, type ErrorCode } from '../lib/errors.ts';
import { findFieldError, isMissing, isPlainObject, type Row } from '../lib/fields.ts';
import { parseTimeMs } from '../lib/parse-time.ts';
import type { Pool } from '../store/pool.ts';
import { type Transaction, withRepeatedTransaction } from '../store/transaction.ts';
import { optInFields, type OptInStatus } from './opt-in-fields.ts';
import { type OptIn, recordOptIn, type RecordDeps } from './record-opt-in.ts';

export interface OptInDeps extends RecordDeps {
  readonly pool: Pool;
  readonly directory: Pick<Directory, 'list' | 'listByNumber' | 'listByV1Id'>;
  readonly clock: Clock;
}

/** Answer of `POST /api/v2/optins/webhook`. */
export interface TakenOptIn {
  readonly success: true;
  readonly consent_id: string;
  readonly contact_id: string;
  readonly list_contact_id: string;
  readonly status: OptInStatus;
}

/**
 * Takes an opt-in that a form tool reports.
 * @throws AppError `missing_phone_number`, `missing_list_identifier`, the codes of `optInFields`, `list_not_found`
 */
export async function takeOptIn(
  deps: OptInDeps,
  caller: Caller,
  { body, transaction }: { readonly body: Row; readonly transaction: Transaction | null },
): Promise<TakenOptIn> {
  const nowMs = deps.clock();
  const list = checkOptIn(deps, caller, body, nowMs);
  const optIn = toOptIn(body, { account: caller.account, list, keyId: caller.key.id, nowMs });
  const write = (tx: Transaction) => recordOptIn(deps, tx, optIn, nowMs);
  const recorded = transaction === null ? await withRepeatedTransaction(deps.pool, write) : await write(transaction);
  return {
    success: true,
    consent_id: recorded.consentId,
    contact_id: recorded.contactId,
    list_contact_id: recorded.listContactId,
    status: recorded.status,
  };
}

function checkOptIn({ directory }: OptInDeps, caller: Caller, row: Row, nowMs: number): List {
  const [phone, number, id] = optInFields.all.slice(0, 3).map(({ kind, name }) => isMissing(kind, row[name]));
  if (phone === true) throw toError('missing_phone_number');
  if (number === true && id === true) throw toError('missing_list_identifier');
  // A number that is empty counts as absent where the id is given.
  const error = findFieldError(optInFields, number === true ? { ...row, list_number: null } : row, nowMs);
  if (error !== undefined) throw toError(error);
  const list =
    number === true ? findById(directory, String(row['list_id'])) : directory.listByNumber(String(row['list_number']));
  if (list === undefined || list.accountId !== caller.account.id || list.status === 'deleted') {
    throw toError('list_not_found');
  }
  return list;
}

function findById(directory: OptInDeps['directory'], id: string): List | undefined {
  return id.startsWith('pn_') ? directory.listByV1Id(id) : directory.list(Number(id));
}

const TEXTS: Partial<Record<ErrorCode, string>> = { invalid_phone: 'phone_number must be a phone number' };

function toError(code: ErrorCode): AppError {
  return new AppError(code, { text: TEXTS[code] ?? ERRORS[code].text });
}

interface Context {
  readonly account: Account;
  readonly list: List;
  readonly keyId: string;
  readonly nowMs: number;
}

function toOptIn(row: Row, { account, list, keyId, nowMs }: Context): OptIn {
  const text = (name: string): string | null => {
    const value = row[name];
    return typeof value === 'string' && value !== '' ? value : null;
  };
  const consentedAt = text('consented_at');
  const formId = text('form_id');
  const fields = row['custom_fields'];
  return {
    account,
    list,
    phone: phoneToNumber(normaliseV1Phone(row['phone_number'] as string) as string),
    consentMs: consentedAt === null ? nowMs : Math.min(parseTimeMs(consentedAt) ?? nowMs, nowMs),
    evidence: {
      source: formId === null ? 'optin' : `optin:${formId}`,
      ipAddress: text('ip_address'),
      userAgent: text('user_agent'),
      url: text('url'),
      text: text('consent_text'),
      actor: `key:${keyId}`,
    },
    doubleOptIn: typeof row['double_opt_in'] === 'boolean' ? row['double_opt_in'] : list.settings.doubleOptIn,
    firstName: text('first_name'),
    lastName: text('last_name'),
    email: text('email'),
    customFields: isPlainObject(fields) ? fields : {},
  };
}
