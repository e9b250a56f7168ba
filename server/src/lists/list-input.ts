import { AppError, type ErrorCode } from '../lib/errors.ts';
import { type CredentialField, type Credentials, findCredentialError } from '../lib/credentials.ts';
import { isListNumber } from '../lib/e164.ts';
import { isCleanText, isPlainObject, type Row } from '../lib/fields.ts';
import { findSettingError } from './list-settings.ts';

const MAX_NAME_LENGTH = 255;
/** What a customer may set; the operator may suspend too. */
const STATUSES = ['active', 'paused'] as const;

/** What a request says about a list, checked. undefined: it says nothing. */
export interface ListInput {
  readonly number: string | undefined;
  readonly type: string | undefined;
  readonly name: string | undefined;
  /** null takes it away. */
  readonly brandName: string | null | undefined;
  readonly isByoc: boolean | undefined;
  readonly credentials: Credentials | undefined;
  readonly settings: Row | undefined;
  readonly status: (typeof STATUSES)[number] | undefined;
}

export interface ParseListContext {
  readonly listTypes: ReadonlyMap<string, readonly CredentialField[]>;
  readonly nowMs: number;
  /** Of the list that is changed; null: one is made, so what is required must be there. */
  readonly type: string | null;
}

/** @throws AppError the codes of `POST /api/v2/lists`, in the contract's order */
export function parseListInput(body: Row, { listTypes, nowMs, type: ownType }: ParseListContext): ListInput {
  const isNew = ownType === null;
  if (isNew) assertPresent(body);
  if (isNew && !isText(body['phone_number'], isListNumber)) throw new AppError('invalid_list_number');
  const type = isNew ? body['list_type'] : ownType;
  const fields = typeof type === 'string' ? listTypes.get(type) : undefined;
  if (fields === undefined) {
    throw new AppError('invalid_list_type', { message: `list_type is one of ${[...listTypes.keys()].join(', ')}` });
  }
  const name = toName(body['list_name'], 'invalid_list_name');
  const brandName = body['brand_name'] === null ? null : toName(body['brand_name'], 'invalid_brand_name');
  for (const text of [name, brandName ?? undefined]) {
    if (text !== undefined && text.length > MAX_NAME_LENGTH) throw new AppError('name_too_long');
  }
  const isByoc = isNew ? (body['is_byoc'] ?? undefined) : undefined;
  if (isByoc !== undefined && typeof isByoc !== 'boolean') throw new AppError('invalid_is_byoc');
  return {
    number: isNew ? (body['phone_number'] as string) : undefined,
    type: isNew ? (type as string) : undefined,
    name,
    brandName,
    isByoc,
    credentials: toCredentials(body['credentials'] ?? (isNew ? {} : undefined), fields),
    settings: toSettings(body['settings'] ?? undefined, nowMs),
    status: toStatus(body['status'] ?? undefined),
  };
}

function assertPresent(body: Row): void {
  const required = [
    ['phone_number', 'missing_phone_number'],
    ['list_type', 'missing_list_type'],
    ['list_name', 'missing_list_name'],
  ] as const;
  for (const [name, code] of required) {
    const value = body[name];
    if (value === undefined || value === null || (typeof value === 'string' && value.trim() === '')) {
      throw new AppError(code);
    }
  }
}

function isText(value: unknown, matches: (text: string) => boolean): value is string {
  return typeof value === 'string' && isCleanText(value) && matches(value);
}

function toName(value: unknown, code: ErrorCode): string | undefined {
  if (value === undefined || value === null) return undefined;
  if (!isText(value, (text) => text.trim() !== '')) throw new AppError(code);
  return value;
}

function toCredentials(value: unknown, fields: readonly CredentialField[]): Credentials | undefined {
  if (value === undefined) return undefined;
  if (!isPlainObject(value)) throw new AppError('invalid_credentials', { message: 'credentials must be an object' });
  const problem = findCredentialError(fields, value);
  if (problem !== undefined) throw new AppError('invalid_credentials', { message: problem });
  return value;
}

function toSettings(value: unknown, nowMs: number): Row | undefined {
  if (value === undefined) return undefined;
  if (!isPlainObject(value)) throw new AppError('invalid_settings', { message: 'settings must be an object' });
  const problem = findSettingError(value, nowMs);
  if (problem !== undefined) throw new AppError('invalid_settings', { message: problem });
  return value;
}

function toStatus(value: unknown): ListInput['status'] {
  if (value === undefined) return undefined;
  const status = STATUSES.find((known) => known === value);
  if (status === undefined) throw new AppError('invalid_status');
  return status;
}
