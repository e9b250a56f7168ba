import { afterEach, beforeEach, expect, test } from 'vitest';
import { createInstallation, START_MS, type Installation } from '../../test/helpers/message-fixture.ts';
import { addEndpointRow } from '../../test/helpers/webhook-endpoints.ts';
import { timeOfId } from '../lib/timed-id.ts';
import { withTransaction } from '../store/transaction.ts';
import { createOutbox, NO_OUTBOX, type WebhookEvent } from './index.ts';

let installation: Installation;
let accountId: string;
beforeEach(async () => {
  installation = await createInstallation();
  accountId = installation.caller.account.id;
});
afterEach(() => installation[Symbol.asyncDispose]());

const UNSUBSCRIBE: WebhookEvent = {
  event: 'unsubscribe',
  phone: 13_125_550_142,
  listNumber: '+18445550111',
  keyword: 'stop',
  reason: 'message',
  atMs: START_MS,
};
const DROP: WebhookEvent = {
  event: 'delivery',
  number: 7,
  messageId: 'k3Vd81Qz',
  phone: 13_125_550_142,
  listNumber: '+18445550111',
  status: 'rejected',
  statusDetail: 'duplicate',
  provider: null,
  isDrop: true,
  atMs: START_MS,
};

const addEndpoint = (columns: Readonly<Record<string, unknown>> & { readonly events: readonly string[] }) =>
  addEndpointRow(installation, { account_id: accountId, ...columns });

async function emit(...events: WebhookEvent[]): Promise<void> {
  const outbox = createOutbox({ directory: installation.directory, clock: () => START_MS });
  await withTransaction(installation.pool, (transaction) => outbox.emit(transaction, accountId, events));
}

const deliveries = async () =>
  (await installation.pool.query('select * from webhook_delivery order by endpoint_id, event')).rows;

test('without an endpoint for the event nothing is written, and no statement is made', async () => {
  await addEndpoint({ events: ['reply'] });
  const outbox = createOutbox({ directory: installation.directory, clock: () => START_MS });
  const untouched = {} as Parameters<typeof outbox.emit>[0];
  await outbox.emit(untouched, accountId, [UNSUBSCRIBE, DROP]);
  await NO_OUTBOX.emit(untouched, accountId, [UNSUBSCRIBE]);
  expect(NO_OUTBOX.wants(accountId, 'reply')).toBe(false);
  expect(outbox.wants(accountId, 'unsubscribe')).toBe(false);
  expect(outbox.wants(accountId, 'reply')).toBe(true);
  expect(outbox.wants('f'.repeat(24), 'reply')).toBe(false);
});

test('an event goes to each endpoint that wants it, paused ones too, and to no other', async () => {
  const all = await addEndpoint({ events: ['*'] });
  const paused = await addEndpoint({
    events: ['delivery', 'unsubscribe'],
    status: 'paused',
    include_drops: false,
  });
  await addEndpoint({ events: ['*'], status: 'disabled' });
  await addEndpoint({ events: ['reply'] });
  await emit(UNSUBSCRIBE, DROP);
  const rows = await deliveries();
  expect(rows.map((row) => [row.endpoint_id, row.event, row.message_number, row.next_ms])).toEqual([
    [all, 'delivery', 7, START_MS],
    [all, 'unsubscribe', null, START_MS],
    [paused, 'unsubscribe', null, START_MS],
  ]);
  expect(rows[1].event_id).toBe(rows[2].event_id);
  expect(new Set(rows.map((row) => row.id)).size).toBe(3);
  expect(rows.map((row) => timeOfId(row.id))).toEqual([START_MS, START_MS, START_MS]);
});

test('an event is gone with the transaction that reported it', async () => {
  await addEndpoint({ events: ['*'] });
  const outbox = createOutbox({ directory: installation.directory, clock: () => START_MS });
  const failed = withTransaction(installation.pool, async (transaction) => {
    await outbox.emit(transaction, accountId, [UNSUBSCRIBE]);
    throw new Error('no');
  });
  await expect(failed).rejects.toThrow('no');
  expect(await deliveries()).toEqual([]);
});
