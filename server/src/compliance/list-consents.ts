import { Type } from 'typebox';
import type { Caller } from '../accounts/index.ts';
import { isE164, phoneToNumber } from '../lib/e164.ts';
import { AppError } from '../lib/errors.ts';
import { wordSchema } from '../lib/fields.ts';
import { listConsentsOf } from '../store/consent-store.ts';
import type { Pool } from '../store/pool.ts';
import { CONSENT_KINDS, toConsentView, type ConsentView } from './consent-record.ts';

const NULLABLE_TEXT = Type.Union([Type.String(), Type.Null()]);
const HASH = Type.String({ pattern: '^[0-9a-f]{64}$' });

export const consentsSchema = Type.Object({
  consents: Type.Array(
    Type.Object({
      id: Type.String(),
      phone_number: Type.String(),
      list_id: Type.Union([Type.Integer(), Type.Null()], { description: 'null: all lists of the account.' }),
      kind: wordSchema(CONSENT_KINDS),
      at: Type.String({ format: 'date-time' }),
      source: Type.String(),
      ip_address: NULLABLE_TEXT,
      user_agent: NULLABLE_TEXT,
      url: NULLABLE_TEXT,
      text: NULLABLE_TEXT,
      keyword: NULLABLE_TEXT,
      actor: NULLABLE_TEXT,
      prev_hash: { ...HASH, description: 'Hash of the record before; of the first: SHA-256 of the account id.' },
      hash: { ...HASH, description: 'SHA-256 of the compact JSON of the other fields in this order.' },
    }),
  ),
});

/**
 * What a number allowed and forbade the account, oldest first; empty for one that is not known.
 * @throws AppError `invalid_phone`
 */
export async function listConsents(
  { pool }: { readonly pool: Pool },
  { account }: Caller,
  { phoneNumber }: { readonly phoneNumber: string },
): Promise<{ consents: ConsentView[] }> {
  if (!isE164(phoneNumber)) throw new AppError('invalid_phone', { text: 'phone_number must be in E.164 format' });
  const records = await listConsentsOf(pool, account.id, phoneToNumber(phoneNumber));
  return { consents: records.map(toConsentView) };
}
