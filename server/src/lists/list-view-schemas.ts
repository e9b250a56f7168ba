import { type Static, type TSchema, Type } from 'typebox';
import { type ListHealth, listHealthSchema } from './list-health.ts';
import { LIST_SETTINGS, type ListSettingName } from './list-settings.ts';

const nullable = <T extends TSchema>(schema: T) => Type.Union([schema, Type.Null()]);

const FIELDS = {
  id: Type.Integer(),
  phone_number: Type.String({ description: 'E.164 or short code', examples: ['+18445550111'] }),
  brand_name: nullable(Type.String()),
  list_name: Type.String(),
  list_type: Type.String({ description: 'Which carrier it sends through', examples: ['simulator', 'twilio'] }),
  status: Type.Unsafe<string>({ type: 'string', enum: ['active', 'paused', 'suspended', 'deleted'] }),
  contact_count: Type.Integer({ description: 'Active list contacts' }),
  created_at: Type.String({ format: 'date-time' }),
  v1_id: Type.String({ description: 'The id in version 1 of the API', examples: ['pn_7k2m9q4x1c8v5b3n'] }),
  is_byoc: Type.Boolean(),
  verified: Type.Boolean(),
  key_policy_hint: Type.Object({ allowed_by_key: Type.Boolean({ description: 'The calling key may send from it' }) }),
};

/** A row of `GET /api/v2/lists`. */
const listRowSchema = Type.Object(FIELDS);

/** `GET /api/v2/lists/{list_id}`. */
export const listSchema = Type.Object({
  ...FIELDS,
  settings: Type.Object(toSettingSchemas(false)),
  credentials: Type.Record(Type.String(), Type.Literal('***'), { description: 'Keys that are set' }),
  carrier_health: listHealthSchema,
});

/** Settings as a request may name them: some, merged into what is set. */
export const listSettingsPatchSchema = Type.Partial(Type.Object(toSettingSchemas(true)));

export const listPageSchema = Type.Object({
  lists: Type.Array(listRowSchema),
  pagination: Type.Object({ limit: nullable(Type.Integer()), next_cursor: nullable(Type.String()) }),
});

export type ListRow = Static<typeof listRowSchema>;
export type ListView = ListRow & {
  readonly settings: Readonly<Record<ListSettingName, unknown>>;
  readonly credentials: Readonly<Record<string, '***'>>;
  readonly carrier_health: ListHealth;
};
export type ListPage = Static<typeof listPageSchema>;

/** `changing`: null is taken everywhere, and brings the default back. */
function toSettingSchemas(changing: boolean): Record<string, TSchema> {
  return Object.fromEntries(
    Object.entries(LIST_SETTINGS).map(([name, { kind, nullable: mayBeNull, byDefault, description }]) => {
      const schema = mayBeNull || changing ? nullable(kind.schema) : kind.schema;
      return [name, { ...schema, description, ...(byDefault === undefined ? {} : { default: byDefault }) }];
    }),
  );
}
