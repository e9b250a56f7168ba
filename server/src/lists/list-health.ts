import { type Static, type TSchema, Type } from 'typebox';
import { wordSchema } from '../lib/fields.ts';
import type { StoredHealth } from '../store/carrier-health-store.ts';

const nullable = <T extends TSchema>(schema: T) => Type.Union([schema, Type.Null()]);
const time = () => Type.String({ format: 'date-time' });

/** `carrier_health` of a list. */
export const listHealthSchema = Type.Object(
  {
    state: Type.Unsafe<string>(
      wordSchema(['unknown', 'up', 'failing', 'down'], {
        description:
          '`down`: nothing gets through; `failing`: the last tries did not; `unknown`: nothing was tried yet',
      }),
    ),
    in_flight: Type.Integer({ description: 'Messages that are submitted and not answered' }),
    last_error: nullable(
      Type.Object({
        detail: Type.String({ description: 'Our word, or `in_doubt`', examples: ['THROTTLED'] }),
        code: nullable(Type.String({ description: "The carrier's code, or that of the network" })),
        at: time(),
      }),
    ),
    last_success_at: nullable(time()),
    receipt_match_rate: nullable(
      Type.Number({
        minimum: 0,
        maximum: 1,
        description: 'Share of the receipts of the last day that found their message when they came; null: none came',
      }),
    ),
    as_of: nullable(time()),
  },
  { description: 'How the list fares at its carrier, a few seconds old' },
);

export type ListHealth = Static<typeof listHealthSchema>;

const UNKNOWN: ListHealth = {
  state: 'unknown',
  in_flight: 0,
  last_error: null,
  last_success_at: null,
  receipt_match_rate: null,
  as_of: null,
};

export function toListHealth(stored: StoredHealth | undefined): ListHealth {
  if (stored === undefined) return UNKNOWN;
  const { state, inFlight, lastErrorDetail, lastErrorCode, lastErrorMs, lastSuccessMs, updatedMs } = stored;
  const { receiptsMatched, receiptsTotal } = stored;
  return {
    state,
    in_flight: inFlight,
    last_error:
      lastErrorDetail === null || lastErrorMs === null
        ? null
        : { detail: lastErrorDetail, code: lastErrorCode, at: new Date(lastErrorMs).toISOString() },
    last_success_at: lastSuccessMs === null ? null : new Date(lastSuccessMs).toISOString(),
    receipt_match_rate: receiptsTotal === 0 ? null : Math.round((receiptsMatched / receiptsTotal) * 10_000) / 10_000,
    as_of: new Date(updatedMs).toISOString(),
  };
}
