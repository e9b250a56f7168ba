import { afterEach, beforeEach, expect, test } from 'vitest';
import {
  createInstallation,
  insertRow,
  landBatch,
  START_MS,
  type Installation,
} from '../../test/helpers/message-fixture.ts';
import type { AcceptedMessage } from '../pipeline/outbound-message.ts';
import { claimBatches, finishClaims, insertNamedBatch, LeaseLostError } from '../store/outbound-batch-store.ts';
import { withTransaction } from '../store/transaction.ts';
import { cancelMessage } from './cancel-message.ts';
import { checkBooks } from './check-books.ts';
import { getMessage } from './get-message.ts';

let installation: Installation;
const idOf = (number: number): string => installation.deps.messageIds.encode(number);
const cancel = (id: string) => cancelMessage(installation.deps, installation.caller, { id });
const get = (id: string) => getMessage(installation.deps, installation.caller, { id });
const three: AcceptedMessage[] = [
  { to: '+13125550143', body: 'One', contact_data: { first_name: 'Ann' }, metadata: { a: 1 } },
  { to: '+13125550144', body: 'Two', category: 'marketing' },
  { to: '+13125550145', body: 'Three' },
];

beforeEach(async () => {
  installation = await createInstallation();
});
afterEach(async () => {
  await expectBooksToBalance();
  await installation[Symbol.asyncDispose]();
});

async function expectBooksToBalance(): Promise<void> {
  for (const books of await checkBooks(installation.pool, { recount: true })) {
    expect(books).toMatchObject({ difference: 0, miscounted: [] });
  }
}

function claim(workerId = 1, messages = 10) {
  const { pool, nowMs } = installation;
  return claimBatches(pool, { listId: 1, lane: 0, workerId, nowMs, leaseMs: 60_000, messages, createdBeforeMs: nowMs });
}

async function batches(): Promise<unknown[]> {
  const { rows } = await installation.pool.query(
    'select batch_id, count, taken, removed from outbound_batch order by 1',
  );
  return rows;
}

test('a waiting message becomes a cancelled one, and a second cancel answers the same', async () => {
  await landBatch(installation.pool, 10, three);
  installation.nowMs = START_MS + 1_000;
  const answer = { success: true, message_id: idOf(10), status: 'dropped', status_detail: 'cancelled' };
  expect(await cancel(`msg_${idOf(10)}`)).toEqual(answer);
  expect(await cancel(idOf(10))).toEqual(answer);
  expect(await get(idOf(10))).toMatchObject({
    state: 'cancelled',
    status: 'dropped',
    status_detail: 'cancelled',
    template: 'One',
    metadata: { a: 1 },
    times: { final_at: '2026-11-02T17:04:10.250Z' },
    events: [{ state: 'queued' }, { at: '2026-11-02T17:04:10.250Z', state: 'cancelled', detail: 'cancelled' }],
  });
  expect(await batches()).toEqual([{ batch_id: 10, count: 3, taken: 0, removed: [0] }]);
  expect(await checkBooks(installation.pool, { recount: false })).toEqual([
    { listId: 1, accepted: 3, waiting: 2, byState: { cancelled: 1 }, difference: 0, miscounted: null },
  ]);
});

test('the batch goes with its last message', async () => {
  await landBatch(installation.pool, 10, three);
  for (const number of [11, 10, 12]) await cancel(idOf(number));
  expect(await batches()).toEqual([]);
});

test('a scheduled and a held message can be cancelled', async () => {
  const { pool, nowMs } = installation;
  await landBatch(pool, 10, three, { dueMs: nowMs + 60_000 });
  await insertRow(pool, { number: 20, state: 'held', columns: { detail: 'quiet_hours', hold_until_ms: nowMs + 1 } });
  await insertRow(pool, { number: 21, state: 'queued' });
  const common = { listId: 1, lane: 0, source: 0, simulated: false, createdMs: nowMs, dueMs: nowMs + 1 };
  await insertNamedBatch(pool as never, { ...common, batchId: 30, numbers: [20, 21] });
  await cancel(idOf(11));
  await cancel(idOf(20));
  expect(await get(idOf(20))).toMatchObject({ state: 'cancelled', hold: null, status_detail: 'cancelled' });
  expect(await batches()).toContainEqual({ batch_id: 30, count: 2, taken: 0, removed: [0] });
  await cancel(idOf(21));
  expect(await batches()).toEqual([{ batch_id: 10, count: 3, taken: 0, removed: [1] }]);
});

test.each(['sent', 'delivered', 'dropped', 'in_doubt'] as const)('a message that is %s says so', async (state) => {
  await insertRow(installation.pool, { number: 5, state });
  await expect(cancel(idOf(5))).rejects.toMatchObject({ code: 'not_cancellable', detail: `The message is ${state}` });
});

test('a message on its way to the carrier is claimed', async () => {
  await insertRow(installation.pool, { number: 5, state: 'submitting' });
  await insertRow(installation.pool, { number: 6, state: 'queued' });
  for (const number of [5, 6]) {
    await expect(cancel(idOf(number))).rejects.toMatchObject({
      code: 'not_cancellable',
      detail: 'The message is queued and already claimed by a sender',
    });
  }
});

test('unknown ids are not found, and sandbox messages by their own id only', async () => {
  await landBatch(installation.pool, 10, three, { simulated: true });
  for (const id of ['x', idOf(77), idOf(10)]) await expect(cancel(id)).rejects.toMatchObject({ code: 'not_found' });
  expect(await cancel(`sandbox_${idOf(10)}`)).toMatchObject({ message_id: `sandbox_${idOf(10)}` });
});

test('a message that has not landed is cancelled once it has', async () => {
  installation.deps.landed = () => landBatch(installation.pool, 10, three);
  expect(await cancel(idOf(12))).toMatchObject({ success: true });
});

test('a claimed batch cannot be cancelled from until its lease is over; then its worker cannot record it', async () => {
  await landBatch(installation.pool, 10, three);
  const [claimed] = await claim();
  await expect(cancel(idOf(10))).rejects.toMatchObject({ code: 'not_cancellable' });
  installation.nowMs += 60_000;
  await cancel(idOf(10));
  const done = { batchId: 10, fence: Number(claimed?.fence), taken: 3, done: true };
  await expect(
    withTransaction(installation.pool, (transaction) => finishClaims(transaction, 1, 1, [done])),
  ).rejects.toBeInstanceOf(LeaseLostError);
});

test('of a cancel and a claim exactly one wins', async () => {
  const answers: string[] = [];
  for (let round = 0; round < 40; round++) {
    const batchId = 100 + round * 10;
    await landBatch(installation.pool, batchId, three);
    const cancelling = cancel(idOf(batchId)).then(
      () => 'cancelled',
      (error: { code: string }) => error.code,
    );
    // The later the claim starts, the likelier it comes too late.
    for (let trip = 0; trip < round % 8; trip++) await installation.pool.query('select');
    const [answer, claimed] = await Promise.all([cancelling, claim()]);
    const holds = claimed.some((batch) => batch.batchId === batchId && !batch.removed.includes(0));
    expect(answer).toBe(holds ? 'not_cancellable' : 'cancelled');
    answers.push(answer);
    await installation.pool.query('update outbound_batch set lease_until_ms = 9e15::bigint');
  }
  expect(new Set(answers)).toEqual(new Set(['cancelled', 'not_cancellable']));
});

test('cancels of all messages of a batch at once lose none', async () => {
  await landBatch(
    installation.pool,
    10,
    Array.from({ length: 20 }, () => ({ to: '+13125550143', body: 'Hi' })),
  );
  await Promise.all(Array.from({ length: 20 }, (_, offset) => cancel(idOf(10 + offset))));
  expect(await batches()).toEqual([]);
  expect(await checkBooks(installation.pool, { recount: false })).toMatchObject([
    { waiting: 0, byState: { cancelled: 20 } },
  ]);
});
