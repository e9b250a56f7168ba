import * as fc from 'fast-check';
import { afterEach, beforeEach, expect, test } from 'vitest';
import type { Log } from '../../src/log/log.ts';
import type { AcceptItem } from '../../src/pipeline/accept-types.ts';
import { decodeBatches, encodeBatches, LANES, SOURCES, type AcceptedBatch } from '../../src/pipeline/batch.ts';
import { createAcceptStage, createLandStage, landWithin } from '../../src/pipeline/index.ts';
import { toBatches } from '../../src/pipeline/stages/accept-stage.ts';
import { withTransaction } from '../../src/store/transaction.ts';
import { closeHealthy, createPipelineRig, type PipelineRig } from '../helpers/pipeline-rig.ts';
import { until } from '../helpers/until.ts';

let rig: PipelineRig;

beforeEach(async () => {
  rig = await createPipelineRig({ started: false });
});
afterEach(() => closeHealthy(rig, { errors: 'any' }));

const item = (n: number, change: Partial<AcceptItem> = {}): AcceptItem => ({
  listId: 1,
  lane: LANES.transactional,
  dueMs: 0,
  json: JSON.stringify({ to: '+13125550142', body: `Message ${n}` }),
  ...change,
});
const range = (count: number): number[] => Array.from({ length: count }, (_, n) => n);

/** The rig's log with something that goes wrong. */
function logWith(change: Partial<Log>): Log {
  const { log } = rig;
  return {
    name: log.name,
    id: log.id,
    partitions: log.partitions,
    append: (...call) => log.append(...call),
    read: (...call) => log.read(...call),
    waitForEntries: (...call) => log.waitForEntries(...call),
    trim: (...call) => log.trim(...call),
    lastSeq: (...call) => log.lastSeq(...call),
    [Symbol.asyncDispose]: () => log[Symbol.asyncDispose](),
    ...change,
  };
}

/** All entries of the topic, oldest first a partition. */
async function logged(): Promise<AcceptedBatch[][]> {
  const values = await Promise.all(
    range(rig.log.partitions).map((partition) => rig.log.read('outbound', partition, 0, 1e9)),
  );
  return values.flat().map((entry) => decodeBatches(entry.value));
}

test('items are grouped by list, lane and due time, with numbers in a row', async () => {
  const numbers = await rig.accept.accept(SOURCES.api, false, [
    item(0),
    item(1, { lane: LANES.marketing }),
    item(2),
    item(3, { dueMs: 5_000_000_000_000 }),
    item(4, { listId: 2 }),
    item(5),
  ]);
  const [batches = []] = await logged();
  const first = Math.min(...numbers);
  expect(numbers.map((number) => number - first)).toEqual([0, 3, 1, 4, 5, 2]);
  expect(batches.map(({ listId, lane, count }) => [listId, lane, count])).toEqual([
    [1, LANES.transactional, 3],
    [1, LANES.marketing, 1],
    [1, LANES.transactional, 1],
    [2, LANES.transactional, 1],
  ]);
});

test('no batch holds more than a thousand messages', async () => {
  await rig.accept.accept(
    SOURCES.api,
    false,
    range(2_500).map((n) => item(n)),
  );
  const [batches = []] = await logged();
  expect(batches.map((batch) => batch.count)).toEqual([1_000, 1_000, 500]);
});

test('two hundred single sends at once share a few appends', async () => {
  const numbers = await Promise.all(
    range(200).map(async (n) => (await rig.accept.accept(SOURCES.api, false, [item(n)]))[0] ?? -1),
  );
  expect(new Set(numbers).size).toBe(200);
  const entries = await logged();
  expect(entries.length).toBeLessThan(10);
  for (const [n, number] of numbers.entries()) {
    const batch = entries.flat().find((it) => number >= it.batchId && number < it.batchId + it.count);
    const messages = JSON.parse(Buffer.from(batch?.payload ?? []).toString()) as { body: string }[];
    expect(messages[number - (batch?.batchId ?? 0)]?.body).toBe(`Message ${n}`);
  }
});

test('what a log refuses is kept nowhere, and the next call goes through', async () => {
  let refusing = true;
  const full = new Error('no space');
  const accept = createAcceptStage({
    numbers: rig.numbers,
    clock: rig.clock,
    landWithin,
    log: logWith({ append: (...call) => (refusing ? Promise.reject(full) : rig.log.append(...call)) }),
  });
  const calls = await Promise.allSettled([1, 2].map((n) => accept.accept(SOURCES.api, false, [item(n)])));
  expect(calls.map((call) => (call.status === 'rejected' ? (call.reason as unknown) : null))).toEqual([full, full]);
  expect(await logged()).toEqual([]);
  refusing = false;
  expect(await accept.accept(SOURCES.api, false, [item(3)])).toHaveLength(1);
  expect(await logged()).toHaveLength(1);
});

test('every item gets a number of its own, and the payload holds it at that place', () => {
  const anyItem = fc.record({
    listId: fc.integer({ min: 1, max: 3 }),
    lane: fc.constantFrom(LANES.transactional, LANES.marketing, LANES.express),
    dueMs: fc.constantFrom(0, 1_000, 2_000),
    body: fc.string({ unit: 'grapheme', maxLength: 20 }),
  });
  const anyCall = fc.record({ simulated: fc.boolean(), items: fc.array(anyItem, { minLength: 1, maxLength: 40 }) });
  fc.assert(
    fc.property(fc.array(anyCall, { minLength: 1, maxLength: 5 }), fc.nat(1_000), (calls, first) => {
      const group = calls.map(({ simulated, items }) => ({
        source: SOURCES.api,
        simulated,
        numbers: [] as number[],
        resolve: () => {},
        reject: () => {},
        items: items.map(({ body, ...rest }) => ({ ...rest, json: JSON.stringify({ body }) })),
      }));
      const batches = decodeBatches(encodeBatches(toBatches(group, first, 10)));
      const byNumber = new Map(
        batches.flatMap((batch) => {
          const messages = JSON.parse(Buffer.from(batch.payload).toString()) as { body: string }[];
          expect(messages).toHaveLength(batch.count);
          return messages.map(({ body }, offset) => [batch.batchId + offset, { body, batch }] as const);
        }),
      );
      const total = calls.reduce((sum, call) => sum + call.items.length, 0);
      expect([...byNumber.keys()].sort((a, b) => a - b)).toEqual(range(total).map((n) => first + n));
      for (const [index, call] of calls.entries()) {
        for (const [at, wanted] of call.items.entries()) {
          const found = byNumber.get(group[index]?.numbers[at] ?? -1);
          expect(found?.body).toBe(wanted.body);
          expect(found?.batch).toMatchObject({
            listId: wanted.listId,
            simulated: call.simulated,
            dueMs: wanted.dueMs === 0 ? 10 : wanted.dueMs,
            lane: call.simulated ? LANES.express : wanted.lane,
          });
        }
      }
    }),
    { numRuns: 200 },
  );
});

test('a request with a transaction of its own is there when it commits and not at all when it does not', async () => {
  const accepted = withTransaction(rig.pool, async (transaction) => {
    await rig.accept.acceptWithin(transaction, SOURCES.api, false, [item(1), item(2)]);
    throw new Error('the answer could not be stored');
  });
  await expect(accepted).rejects.toThrow('the answer could not be stored');
  expect(await rig.count('select count(*) from outbound_batch')).toBe(0);
  await withTransaction(rig.pool, (transaction) =>
    rig.accept.acceptWithin(transaction, SOURCES.api, false, [item(1), item(2)]),
  );
  expect(await rig.count('select sum(count) as count from outbound_batch')).toBe(2);
  expect(await rig.count('select count from message_count where state = -1')).toBe(2);
});

test('what is in the log lands once, counted as accepted', async () => {
  for (const n of range(20))
    await rig.accept.accept(
      SOURCES.api,
      false,
      range(n + 1).map((m) => item(m)),
    );
  rig.startLanding();
  await until(
    'it landed',
    async () => (await rig.count('select coalesce(sum(count), 0) as count from outbound_batch')) === 210,
  );
  expect(await rig.count('select count from message_count where list_id = 1 and state = -1')).toBe(210);
});

test('an entry that is still in the log after its landing does not land again', async () => {
  await rig.accept.accept(SOURCES.api, false, [item(1)]);
  // The process died between the commit and the trimming.
  const untrimmed = logWith({ trim: () => Promise.resolve() });
  const options = { pool: rig.pool, log: untrimmed, clock: rig.clock, owns: () => true, onLanded: () => {} };
  const onError = (error: unknown): void => expect.unreachable(String(error));
  for (const _ of range(2)) {
    await using reader = createLandStage({ ...options, onError });
    reader.start();
    await reader.caughtUp(5_000);
    expect(await reader.backlog()).toBe(0);
  }
  expect((await logged()).flat()).toHaveLength(1);
  expect(await rig.count('select count(*) from outbound_batch')).toBe(1);
});

test('two readers of one log at once land everything once', async () => {
  await using other = rig.createLandReader();
  rig.startLanding();
  other.start();
  for (const n of range(60)) await rig.accept.accept(SOURCES.api, false, [item(n), item(1_000 + n)]);
  await other.caughtUp(10_000);
  expect(await rig.count('select coalesce(sum(count), 0) as count from outbound_batch')).toBe(120);
  expect(await rig.count('select count from message_count where list_id = 1 and state = -1')).toBe(120);
});

test('a value that nobody can read is set aside and keeps nothing else back', async () => {
  await rig.log.append('outbound', 0, Buffer.from('this is no batch'));
  rig.startLanding();
  await until('it was set aside', async () => (await rig.count('select count(*) from dead_letter')) === 1, 15_000);
  for (const n of range(rig.log.partitions)) await rig.accept.accept(SOURCES.api, false, [item(n)]);
  await until(
    'the rest landed',
    async () => (await rig.count('select count(*) from outbound_batch')) === rig.log.partitions,
  );
  expect(await rig.count('select count(*) from dead_letter')).toBe(1);
});
