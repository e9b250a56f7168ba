import { type TSchema, Type } from 'typebox';
import { wordSchema } from '../lib/fields.ts';
import { DISPOSITIONS } from './validate-phones.ts';

/* What openapi.json says about validations. */

const nullable = <T extends TSchema>(schema: T) => Type.Union([schema, Type.Null()]);

/** A validation without its number. */
export const VALIDATION_FIELDS = {
  valid: Type.Boolean({ description: 'The number is of an assigned range, and the source knows it' }),
  line_type: wordSchema(['mobile', 'fixed line', 'voip', 'other', 'unknown']),
  carrier: nullable(Type.String({ description: 'Normalised name' })),
  carrier_raw: nullable(Type.String({ description: 'As the source writes it' })),
  ported: Type.Boolean(),
  country: nullable(Type.String({ description: 'ISO 3166-1 alpha-2' })),
  state: nullable(Type.String()),
  city: nullable(Type.String()),
  on_dnc: Type.Boolean({ description: 'On a do-not-call list' }),
  disposition: wordSchema(DISPOSITIONS, {
    description:
      'The first that fits: invalid (no assignable number), unreachable (fixed line), risky (do-not-call list or internet line), unknown, ok (mobile)',
  }),
  cost: Type.Number({ description: 'Charged for this answer' }),
  cached: Type.Boolean({ description: 'The answer was known and cost nothing' }),
};

export const validationSchema = Type.Object({
  phone: Type.String({ description: 'E.164', examples: ['+13125550142'] }),
  ...VALIDATION_FIELDS,
});

const errorSchema = Type.Object({
  phone: nullable(Type.String({ description: 'As it was sent; null when it was no text' })),
  error: wordSchema(['validation_error', 'provider_error']),
  code: wordSchema(['invalid_phone', 'provider_error']),
  message: Type.String(),
});

export const batchValidationSchema = Type.Object({
  results: Type.Array(Type.Union([validationSchema, errorSchema]), { description: 'In the order of the request' }),
  summary: Type.Object({
    total: Type.Integer(),
    ok: Type.Integer(),
    unreachable: Type.Integer(),
    invalid: Type.Integer(),
    risky: Type.Integer(),
    unknown: Type.Integer(),
    errors: Type.Integer(),
    cached: Type.Integer(),
    total_cost: Type.Number(),
  }),
});
