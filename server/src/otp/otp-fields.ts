import { type TSchema, Type } from 'typebox';
import { createFieldTable, customKind, integerKind, isCleanJson, isCleanText, isPlainObject } from '../lib/fields.ts';
import { compileTemplate } from '../lib/macros.ts';
import { listNumberKind, phoneKind } from '../lib/value-kinds.ts';

/** The macro that stands for the code. */
export const CODE_MACRO = 'code';
export const DEFAULT_TEMPLATE = '{{brand_name}}: your code is {{code}}';
export const DEFAULTS = { code_length: 6, ttl_seconds: 600, max_attempts: 5 } as const;

const MAX_TEMPLATE_LENGTH = 160;
export const MAX_METADATA_BYTES = 1_024;

/** Fields of `POST /api/v2/otp/send`. */
export const otpSendFields = createFieldTable([
  { name: 'to', kind: phoneKind, description: 'Recipient, E.164', missing: 'missing_to', invalid: 'invalid_phone' },
  {
    name: 'list_number',
    kind: listNumberKind,
    description: 'Number of the list to send from',
    missing: 'missing_list_number',
    invalid: 'invalid_list_number',
  },
  {
    name: 'template',
    kind: customKind(Type.String({ maxLength: MAX_TEMPLATE_LENGTH, default: DEFAULT_TEMPLATE }), isTemplate),
    description: 'Text of the message; holds {{code}} once',
    invalid: 'invalid_template',
  },
  count('code_length', 4, 10, 'Digits of the code'),
  count('ttl_seconds', 60, 3_600, 'How long the code can be used'),
  count('max_attempts', 1, 10, 'Wrong tries after which the code is locked'),
  {
    name: 'metadata',
    kind: customKind(Type.Record(Type.String(), Type.Unknown()), (value) => isPlainObject(value) && isCleanJson(value)),
    description: 'Kept with the message; at most 1,024 bytes as compact JSON',
    invalid: 'invalid_metadata',
    limit: {
      code: 'metadata_too_large',
      exceeds: (value) => Buffer.byteLength(JSON.stringify(value)) > MAX_METADATA_BYTES,
    },
  },
]);

function isTemplate(value: unknown): boolean {
  if (typeof value !== 'string' || value.length > MAX_TEMPLATE_LENGTH || !isCleanText(value)) return false;
  return compileTemplate(value).macros.filter(({ name }) => name === CODE_MACRO).length === 1;
}

function count(name: keyof typeof DEFAULTS, from: number, to: number, description: string) {
  const kind = integerKind(from, to);
  const schema = { ...kind.schema, default: DEFAULTS[name] } as TSchema;
  return { name, kind: { ...kind, schema }, description, invalid: `invalid_${name}` } as const;
}
