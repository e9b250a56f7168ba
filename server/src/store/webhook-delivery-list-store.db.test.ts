import { afterAll, beforeAll, describe, expect, test } from 'vitest';
import { createTestDatabase, type TestDatabase } from '../../test/helpers/test-database.ts';
import { listDeliveries, toListQuery, type DeliveryFilter } from './webhook-delivery-list-store.ts';

const ENDPOINT = '1'.repeat(24);
const DELIVERIES = 20_000;
const PAGE = 51;
const STATES = [0, 1, 2, 3];
const EVENTS = ['delivery', 'unsubscribe', 'reply', 'sent', 'click', 'conversion', 'resubscribe'];
/** Blocks that a page may look into: its rows, each by itself, and 28 ways down an index. */
const MAX_BLOCKS = 300;

interface Row {
  readonly id: string;
  readonly event: string;
  readonly state: number;
  readonly number: number | null;
}

/** Most are delivered; the few others are the oldest. */
const ROWS = Array.from({ length: DELIVERIES }, (_, n): Row => {
  const state = n < 10 ? 2 : n < 200 ? 0 : 1;
  const event = n === 100 ? 'reply' : n % 2 === 0 ? 'sent' : 'delivery';
  return { id: n.toString(16).padStart(24, '0'), event, state, number: n % 10 === 0 ? null : Math.floor(n / 4) };
});

let database: TestDatabase;
beforeAll(async () => {
  database = await createTestDatabase();
  for (const endpointId of [ENDPOINT, '2'.repeat(24)]) {
    await database.pool.query(
      `insert into webhook_delivery (endpoint_id, id, event_id, event, state, message_number, body)
       select $1, r.id, r.id, r.event, r.state, r.number, '{}'
       from jsonb_to_recordset($2) as r(id text, event text, state smallint, number bigint)`,
      [endpointId, JSON.stringify(ROWS)],
    );
  }
  await database.pool.query('vacuum analyze webhook_delivery');
});
afterAll(() => database[Symbol.asyncDispose]());

const any: DeliveryFilter = { kinds: null, messageNumber: null, before: null };
const ofKinds = (states: number[], events: string[]): DeliveryFilter => ({ ...any, kinds: { states, events } });

const FILTERS: [string, DeliveryFilter][] = [
  ['nothing', any],
  ['a state that most have', ofKinds([1], EVENTS)],
  ['a state that few have, which are old', ofKinds([2], EVENTS)],
  ['a state that none has', ofKinds([3], EVENTS)],
  ['an event that many are of', ofKinds(STATES, ['sent'])],
  ['an event that one is of', ofKinds(STATES, ['reply'])],
  ['an event that none is of', ofKinds(STATES, ['click'])],
  ['state and event', ofKinds([2], ['delivery'])],
  ['a message', { ...any, messageNumber: 3 }],
  ['a message and a state', { ...ofKinds([0], EVENTS), messageNumber: 3 }],
  ['a message and an event', { ...ofKinds(STATES, ['delivery']), messageNumber: 3 }],
  ['a message of none', { ...any, messageNumber: 1_000_000 }],
];

function matches({ kinds, messageNumber, before }: DeliveryFilter, row: Row): boolean {
  const ofKind = kinds === null || (kinds.states.includes(row.state) && kinds.events.includes(row.event));
  return ofKind && (messageNumber === null || row.number === messageNumber) && (before === null || row.id < before);
}

describe.each(FILTERS)('filtered by %s', (_name, filter) => {
  test.each([null, ROWS[7]!.id, ROWS[150]!.id, ROWS[10_000]!.id, ROWS[0]!.id])('before %s', async (before) => {
    const found = await listDeliveries(database.pool, ENDPOINT, { ...filter, before }, PAGE);
    const expected = ROWS.filter((row) => matches({ ...filter, before }, row)).toReversed();
    expect(found.map(({ id }) => id)).toEqual(expected.slice(0, PAGE).map(({ id }) => id));
    expect(found.map(({ event, state }) => [event, state])).toEqual(
      expected.slice(0, PAGE).map(({ event, state }) => [event, state]),
    );
  });

  test('a page costs its rows, however many others there are', async () => {
    const { text, values } = toListQuery(ENDPOINT, filter, PAGE);
    const { rows } = await database.pool.query<{ 'QUERY PLAN': [{ Plan: Record<string, number> }] }>(
      `explain (analyze, buffers, format json) ${text}`,
      values,
    );
    const plan = rows[0]?.['QUERY PLAN'][0].Plan ?? {};
    expect((plan['Shared Hit Blocks'] ?? Infinity) + (plan['Shared Read Blocks'] ?? 0)).toBeLessThan(MAX_BLOCKS);
  });
});
