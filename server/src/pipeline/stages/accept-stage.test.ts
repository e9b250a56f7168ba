import * as fc from 'fast-check';
import { expect, test } from 'vitest';
import type { AcceptItem, AcceptRows } from '../accept-types.ts';
import { decodeBatches, encodeBatches, LANES, SOURCES } from '../batch.ts';
import { toBatches } from './accept-stage.ts';

const call = (items: readonly (AcceptItem | AcceptRows)[]) => ({
  source: SOURCES.api,
  simulated: false,
  items,
  numbers: [] as number[],
  resolve: () => {},
  reject: () => {},
});

const rowsOf = (bodies: readonly string[], indent?: string, listId = 1): AcceptRows => ({
  listId,
  lane: LANES.transactional,
  dueMs: 0,
  count: bodies.length,
  json: Buffer.from(
    JSON.stringify(
      bodies.map((body) => ({ body })),
      null,
      indent,
    ),
  ),
});
const itemOf = (body: string, listId = 1): AcceptItem => ({
  listId,
  lane: LANES.transactional,
  dueMs: 0,
  json: JSON.stringify({ body }),
});
const names = (count: number, prefix = 'm'): string[] =>
  Array.from({ length: count }, (_, place) => `${prefix}${place}`);
const bodiesOf = (payload: Uint8Array): string[] =>
  (JSON.parse(Buffer.from(payload).toString()) as { body: string }[]).map(({ body }) => body);

test('the bytes of rows that have a batch to themselves are its payload', () => {
  const rows = rowsOf(names(1_000), '  ');
  const [batch] = toBatches([call([rows])], 7, 10);
  expect(batch?.payload).toBe(rows.json);
  expect(batch).toMatchObject({ batchId: 7, count: 1_000, dueMs: 10 });
});

test('rows of several calls share a batch until it holds a thousand', () => {
  const group = [400, 400, 400, 200].map((count, place) => call([rowsOf(names(count, `${place}-`))]));
  const batches = toBatches(group, 0, 10);
  expect(batches.map(({ batchId, count }) => [batchId, count])).toEqual([
    [0, 800],
    [800, 600],
  ]);
  expect(group.map(({ numbers }) => numbers)).toEqual([[0], [400], [800], [1_200]]);
});

test('rows and single messages keep their places among each other', () => {
  const anyEntry = fc.record({
    bodies: fc.array(fc.string({ unit: 'grapheme', maxLength: 4 }), { minLength: 1, maxLength: 3 }),
    form: fc.constantFrom('item', 'rows', 'spaced rows'),
    listId: fc.integer({ min: 1, max: 2 }),
  });
  fc.assert(
    fc.property(fc.array(anyEntry, { minLength: 1, maxLength: 12 }), (entries) => {
      const group = entries.map(({ bodies, form, listId }) =>
        call(
          form === 'item'
            ? bodies.map((body) => itemOf(body, listId))
            : [rowsOf(bodies, form === 'rows' ? undefined : '\t', listId)],
        ),
      );
      const found = new Map(
        decodeBatches(encodeBatches(toBatches(group, 0, 10))).flatMap(({ batchId, listId, count, payload }) => {
          const bodies = bodiesOf(payload);
          expect(bodies).toHaveLength(count);
          return bodies.map((body, place) => [batchId + place, { listId, body }] as const);
        }),
      );
      for (const [place, { bodies, form, listId }] of entries.entries()) {
        const numbers = group[place]?.numbers ?? [];
        for (const [at, body] of bodies.entries()) {
          const number = form === 'item' ? numbers[at] : (numbers[0] ?? 0) + at;
          expect(found.get(number ?? -1)).toEqual({ listId, body });
        }
      }
    }),
  );
});
