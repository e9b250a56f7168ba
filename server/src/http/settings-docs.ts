import { Type } from 'typebox';
import { settingFields } from '../accounts/index.ts';
import type { ErrorCode } from '../lib/errors.ts';
import { toObjectSchema } from '../lib/fields.ts';

export const settingsPatchSchema = toObjectSchema(settingFields);

/** Read-only names are there too, so the schema stays open. */
export const settingsSchema = Type.Object({
  settings: Type.Record(Type.String(), Type.Unknown()),
});

export const SETTING_ERRORS: readonly ErrorCode[] = settingFields.all.map((field) => field.invalid);
