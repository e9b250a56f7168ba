import { Webhook } from 'standardwebhooks';
import { afterEach, beforeEach, expect, test, vi } from 'vitest';
import { until } from '../../test/helpers/until.ts';
import { startReceiver, type WebhookReceiver } from '../../test/helpers/webhook-receiver.ts';
import { createWebhookRig, unsubscribed, type WebhookRig } from '../../test/helpers/webhook-rig.ts';
import { keepWebhooks } from './index.ts';

const MINUTE = 60_000;
const DAY = 24 * 60 * MINUTE;

let rig: WebhookRig;
let receiver: WebhookReceiver;
beforeEach(async () => {
  rig = await createWebhookRig();
  receiver = await startReceiver();
});
afterEach(async () => {
  await rig[Symbol.asyncDispose]();
  await receiver[Symbol.asyncDispose]();
  if (rig.errors.length > 0) throw new Error('The dispatcher failed unseen', { cause: rig.errors[0] });
});

const url = (): string => `http://127.0.0.1:${receiver.port}/sms`;
const caller = () => rig.installation.caller;
const deliveriesOf = async (id: string) =>
  (await rig.verbs.listDeliveries(caller(), { id, query: { limit: '100' } })).deliveries;
const advance = (ms: number): void => void (rig.installation.nowMs += ms);
const statesOf = async (id: string): Promise<string[]> => (await deliveriesOf(id)).map(({ state }) => state);
const isDelivered = (state: string): boolean => state === 'delivered';
async function tried(id: string, tries: number): Promise<void> {
  const count = async () => (await deliveriesOf(id)).reduce((sum, { attempts }) => sum + attempts.length, 0);
  await until(`${tries} tries are written`, async () => (await count()) >= tries, 10_000);
  expect(await count()).toBe(tries);
}

test('an event is posted with both signatures, which the published library verifies', async () => {
  const { id, secret } = await rig.add(url());
  await rig.emit(unsubscribed());
  rig.startDelivering();
  await tried(id, 1);
  const [received] = receiver.received;
  const timestamp = Number(received?.headers['webhook-timestamp']);
  expect(timestamp).toBe(Math.floor(rig.installation.nowMs / 1_000));
  // The library goes by the system's clock.
  vi.useFakeTimers({ toFake: ['Date'], now: rig.installation.nowMs });
  const verified = new Webhook(secret).verify(received?.body ?? '', { ...received?.headers });
  vi.useRealTimers();
  expect(verified).toMatchObject({ event: 'unsubscribe', keyword: 'STOP' });
  expect(received?.headers['content-type']).toBe('application/json');
  const [delivery] = await deliveriesOf(id);
  expect(delivery).toMatchObject({ state: 'delivered', event: 'unsubscribe', next_attempt_at: null, message_id: null });
  expect(delivery?.event_id).toBe(received?.headers['webhook-id']);
  expect(delivery?.attempts).toMatchObject([{ status_code: 204, error: null, response_excerpt: null }]);
  const endpoint = await rig.verbs.get(caller(), { id });
  expect(endpoint).toMatchObject({ last_success_at: expect.any(String), last_failure_at: null });
});

test('a failed try is repeated after its wait, with the same id and body and a new time', async () => {
  const { id } = await rig.add(url());
  receiver.answer = (_request, response) => response.writeHead(500).end('out of order');
  await rig.emit(unsubscribed());
  rig.startDelivering();
  await tried(id, 1);
  const [waiting] = await deliveriesOf(id);
  expect(waiting).toMatchObject({ state: 'pending' });
  expect(Date.parse(waiting?.next_attempt_at ?? '')).toBe(rig.installation.nowMs + MINUTE);
  expect(waiting?.attempts).toMatchObject([{ status_code: 500, response_excerpt: 'out of order' }]);
  receiver.answer = 200;
  advance(MINUTE);
  await tried(id, 2);
  expect(await statesOf(id)).toEqual(['delivered']);
  const [first, second] = receiver.received;
  expect(second?.body).toBe(first?.body);
  expect(second?.headers['webhook-id']).toBe(first?.headers['webhook-id']);
  expect(second?.headers['webhook-timestamp']).not.toBe(first?.headers['webhook-timestamp']);
});

test('after eleven tries it has failed, and a replay is a new delivery of the same event', async () => {
  const { id } = await rig.add(url());
  receiver.answer = 400;
  await rig.emit(unsubscribed());
  rig.startDelivering();
  for (let tries = 1; tries <= 11; tries++) {
    await tried(id, tries);
    advance(DAY);
  }
  const [failed] = await deliveriesOf(id);
  expect(failed).toMatchObject({ state: 'failed', next_attempt_at: null });
  receiver.answer = 204;
  const replay = await rig.verbs.replay(caller(), { id, deliveryId: failed?.id ?? '', transaction: null });
  await tried(id, 12);
  const [again, before] = await deliveriesOf(id);
  expect(again).toMatchObject({ id: replay.delivery_id, state: 'delivered', event_id: failed?.event_id });
  expect(before?.id).toBe(failed?.id);
  expect(receiver.received.at(-1)?.body).toBe(receiver.received[0]?.body);
});

test('Retry-After of a throttled receiver is kept', async () => {
  const { id } = await rig.add(url());
  receiver.answer = (_request, response) => response.writeHead(429, { 'retry-after': '600' }).end();
  await rig.emit(unsubscribed());
  rig.startDelivering();
  await tried(id, 1);
  const [waiting] = await deliveriesOf(id);
  expect(Date.parse(waiting?.next_attempt_at ?? '')).toBe(rig.installation.nowMs + 10 * MINUTE);
});

test('410 disables the endpoint and drops what waits; new events are not stored', async () => {
  const { id } = await rig.add(url());
  receiver.answer = 500;
  await rig.emit(unsubscribed('ONE'));
  rig.startDelivering();
  await tried(id, 1);
  receiver.answer = 410;
  await rig.emit(unsubscribed('TWO'));
  await until('it is disabled', async () => (await rig.verbs.get(caller(), { id })).status === 'disabled');
  expect(await rig.verbs.get(caller(), { id })).toMatchObject({ status_reason: 'gone' });
  expect((await statesOf(id)).sort()).toEqual(['dropped', 'failed']);
  await rig.installation.directory.refresh();
  await rig.emit(unsubscribed('THREE'));
  expect(await statesOf(id)).toHaveLength(2);
  // What is sent once more waits until the receiver is there again.
  const [first] = await deliveriesOf(id);
  await rig.verbs.replay(caller(), { id, deliveryId: first?.id ?? '', transaction: null });
  expect((await statesOf(id)).sort()).toEqual(['dropped', 'failed', 'pending']);
  expect(receiver.received).toHaveLength(2);
  receiver.answer = 204;
  await rig.verbs.update(caller(), { id, body: { status: 'active' }, transaction: null });
  expect(await rig.verbs.get(caller(), { id })).toMatchObject({ status: 'active', status_reason: null });
  await rig.emit(unsubscribed('FOUR'));
  await until('both arrive', async () => (await statesOf(id)).filter(isDelivered).length === 2, 10_000);
  expect(receiver.received).toHaveLength(4);
});

test('a paused endpoint keeps what comes and gets it when it is active again', async () => {
  const { id } = await rig.add(url());
  const set = (status: string) => rig.verbs.update(caller(), { id, body: { status }, transaction: null });
  await set('paused');
  rig.startDelivering();
  await rig.emit(unsubscribed('ONE'), unsubscribed('TWO'));
  const other = await rig.add(url(), { description: 'the other one' });
  await rig.emit(unsubscribed('THREE'));
  await tried(other.id, 1);
  expect(await statesOf(id)).toEqual(['pending', 'pending', 'pending']);
  await set('active');
  await tried(id, 3);
  expect(await statesOf(id)).toEqual(['delivered', 'delivered', 'delivered']);
});

test('five days of failures only pause an endpoint; a success in between starts anew', async () => {
  const { id } = await rig.add(url());
  const status = async () => (await rig.verbs.get(caller(), { id })).status;
  const keep = () => keepWebhooks(rig.installation.pool, rig.installation.nowMs);
  receiver.answer = 503;
  rig.startDelivering();
  await rig.emit(unsubscribed('ONE'));
  await tried(id, 1);
  advance(4 * DAY);
  await tried(id, 2);
  await keep();
  expect(await status()).toBe('active');
  receiver.answer = 204;
  await rig.emit(unsubscribed('TWO'));
  await tried(id, 3);
  receiver.answer = 503;
  await rig.emit(unsubscribed('THREE'));
  await tried(id, 4);
  advance(4 * DAY);
  await keep();
  expect(await status()).toBe('active');
  advance(DAY);
  await keep();
  expect(await rig.verbs.get(caller(), { id })).toMatchObject({ status: 'paused', status_reason: 'failing' });
  await rig.verbs.update(caller(), { id, body: { status: 'active' }, transaction: null });
  await keep();
  expect(await rig.verbs.get(caller(), { id })).toMatchObject({ status: 'active', status_reason: null });
});

test('a deleted endpoint gets nothing any more, and its deliveries go; others are kept 30 days', async () => {
  const kept = await rig.add(url());
  const gone = await rig.add(url());
  await rig.emit(unsubscribed());
  await rig.verbs.delete(caller(), { id: gone.id });
  rig.startDelivering();
  await tried(kept.id, 1);
  expect(receiver.received).toHaveLength(1);
  const count = async () =>
    (await rig.installation.pool.query<{ count: number }>('select count(*) from webhook_delivery')).rows[0]?.count;
  expect(await count()).toBe(2);
  await keepWebhooks(rig.installation.pool, rig.installation.nowMs);
  expect(await count()).toBe(1);
  await keepWebhooks(rig.installation.pool, rig.installation.nowMs + 30 * DAY);
  expect(await count()).toBe(1);
  await keepWebhooks(rig.installation.pool, rig.installation.nowMs + 30 * DAY + 1);
  expect(await count()).toBe(0);
});

test('after a rotation both secrets verify for a day, then the new one alone', async () => {
  const { id, secret } = await rig.add(url());
  rig.startDelivering();
  const rotated = await rig.verbs.rotateSecret(caller(), { id, body: {}, transaction: null });
  expect(rotated.secret).not.toBe(secret);
  await rig.emit(unsubscribed());
  await tried(id, 1);
  advance(DAY);
  await rig.emit(unsubscribed());
  await tried(id, 2);
  const signatures = receiver.received.map(({ headers }) => headers['webhook-signature']?.split(' ').length);
  expect(signatures).toEqual([2, 1]);
});

test('many events to one endpoint arrive once each, ten at a time at the most', async () => {
  const { id } = await rig.add(url());
  let [now, most] = [0, 0];
  receiver.answer = (_request, response) => {
    most = Math.max(most, ++now);
    setTimeout(() => {
      now--;
      response.writeHead(204).end();
    }, 2);
  };
  const words = Array.from({ length: 1_500 }, (_, index) => `WORD ${index}`);
  const dispatcher = rig.startDelivering();
  await rig.emit(...words.slice(0, 1_000).map(unsubscribed));
  dispatcher.hint(caller().account.id);
  await rig.emit(...words.slice(1_000).map(unsubscribed));
  await until('all have arrived', async () => receiver.received.length >= words.length, 15_000);
  const got = receiver.received.map(({ body }) => (JSON.parse(body) as { keyword: string }).keyword);
  expect(got.sort()).toEqual(words.sort());
  expect(most).toBe(10);
  await until('all are written', async () => {
    const { rows } = await rig.installation.pool.query('select 1 from webhook_delivery where state = 0 limit 1');
    return rows.length === 0;
  });
  expect((await rig.verbs.listDeliveries(caller(), { id, query: { state: 'delivered' } })).deliveries).toHaveLength(50);
});

test('after a burst to many endpoints the next event goes out like any other', async () => {
  const endpoints = 10;
  for (let n = 0; n < endpoints; n++) await rig.add(`http://127.0.0.1:${receiver.port}/${n}`);
  const burst = Array.from({ length: 150 }, (_, index) => unsubscribed(`WORD ${index}`));
  await rig.emit(...burst);
  rig.startDelivering();
  const all = burst.length * endpoints;
  await until('the burst has arrived', () => receiver.received.length === all, 15_000);
  await rig.emit(unsubscribed('LATER'));
  await until('the next one has, too', () => receiver.received.length >= all + endpoints, 5_000);
  expect(receiver.received).toHaveLength(all + endpoints);
});

test('an endpoint that does not answer delays no other', async () => {
  await using slow = await startReceiver();
  slow.answer = 'hang';
  const dead = await rig.add(`http://127.0.0.1:${slow.port}/`);
  const { id } = await rig.add(url());
  // Its tries do not end while this test lasts.
  rig.startDelivering({ timeoutMs: 600_000 });
  await rig.emit(...Array.from({ length: 100 }, (_, index) => unsubscribed(`WORD ${index}`)));
  await until('the other has all, and they are written', async () => (await statesOf(id)).every(isDelivered), 10_000);
  expect(receiver.received).toHaveLength(100);
  expect(slow.received.length).toBeLessThanOrEqual(2);
  expect(await statesOf(dead.id)).not.toContain('delivered');
  expect((await deliveriesOf(dead.id)).flatMap(({ attempts }) => attempts)).toEqual([]);
  slow.server.closeAllConnections();
});

test('what was under way when the process died goes out again, and nothing is lost', async () => {
  const { id } = await rig.add(url());
  receiver.answer = 'hang';
  await rig.emit(unsubscribed('ONE'), unsubscribed('TWO'), unsubscribed('THREE'));
  // This one answers nothing more, as a process that was killed.
  rig.startDelivering({ timeoutMs: 60_000 });
  await until('two are under way', async () => receiver.received.length === 2);
  receiver.answer = 204;
  rig.startDelivering();
  await until('all are delivered', async () => (await statesOf(id)).every(isDelivered));
  const got = receiver.received.map(({ body }) => (JSON.parse(body) as { keyword: string }).keyword);
  expect(new Set(got)).toEqual(new Set(['ONE', 'TWO', 'THREE']));
  expect(got).toHaveLength(5);
});
