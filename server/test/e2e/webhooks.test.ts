import { Webhook } from 'standardwebhooks';
import { afterEach, beforeEach, expect, test } from 'vitest';
import { type DataFolder, makeDataFolder } from '../../../cli/test/helpers/run-cli.ts';
import { readMetric } from '../helpers/message-judge.ts';
import { startServer, type ServerProcess } from '../helpers/server-process.ts';
import { RECEIVER_TLS, tlsPath } from '../helpers/tls-fixtures.ts';
import { until } from '../helpers/until.ts';
import { startReceiver, type Received, type WebhookReceiver } from '../helpers/webhook-receiver.ts';

const KEY = 'trk_of_a_sender_that_is_told';
const LIST = '+18005551000';

let folder: DataFolder;
let receiver: WebhookReceiver;
beforeEach(async () => {
  folder = await makeDataFolder();
  receiver = await startReceiver();
});
afterEach(async () => {
  await receiver[Symbol.asyncDispose]();
  await folder[Symbol.asyncDispose]();
});

const start = (settings: Readonly<Record<string, string>> = {}): Promise<ServerProcess> =>
  startServer({
    TRACKLY_DATA_DIR: folder.path,
    TRACKLY_API_KEY: KEY,
    TRACKLY_WEBHOOK_ALLOW_HTTP: 'true',
    TRACKLY_WEBHOOK_ALLOWED_CIDRS: '127.0.0.0/8',
    ...settings,
  });

async function post(url: string, body: object): Promise<{ status: number; body: Record<string, string> }> {
  const headers = { 'X-Api-Key': KEY, 'Content-Type': 'application/json' };
  const answer = await fetch(url, { method: 'POST', headers, body: JSON.stringify(body) });
  return { status: answer.status, body: (await answer.json()) as Record<string, string> };
}

const toJson = ({ body }: Received): Record<string, unknown> => JSON.parse(body) as Record<string, unknown>;
const heard = (event: string, id: unknown): Received[] =>
  receiver.received.filter((one) => toJson(one)['event'] === event && toJson(one)['message_id'] === id);

test('what happens to messages of both versions of the API is told, and verifies with the published library', async () => {
  await using server = await start();
  const endpoint = { url: `http://127.0.0.1:${receiver.port}/sms`, events: ['sent', 'delivery'] };
  const made = await post(`${server.url}/api/v2/webhooks`, endpoint);
  expect(made.status).toBe(201);
  const sent = await post(`${server.url}/api/v2/send`, { to: '+13125550142', list_number: LIST, body: 'Hello' });
  const v1 = await post(`${server.url}/api/v1/messages`, {
    to_msisdn: '+13125550150',
    from_phone_number_id: '1',
    body: 'Hello',
  });
  const ids = [sent.body['message_id'], v1.body['message_id']?.slice('msg_'.length)];
  await until('both are told of to their end', () => ids.every((id) => heard('delivery', id).length === 1), 20_000);
  expect(heard('sent', ids[0])).toHaveLength(1);
  expect(heard('sent', ids[1])).toEqual([]);
  expect(toJson(heard('delivery', ids[0])[0]!)).toMatchObject({ status: 'delivered', provider: 'simulator' });
  expect(toJson(heard('delivery', ids[1])[0]!)).toMatchObject({ status: 'rejected' });
  const webhook = new Webhook(made.body['secret'] ?? '');
  for (const { body, headers } of receiver.received) expect(webhook.verify(body, headers)).toEqual(JSON.parse(body));
  const tries = async () => (await readMetric(server.url, 'trackly_webhook_tries_total')).get('delivered');
  await until('the tries are counted', async () => (await tries()) === 3);
});

test('what could not be delivered before a restart is delivered after it', async () => {
  receiver.answer = 'hang';
  let id: string | undefined;
  {
    await using server = await start();
    await post(`${server.url}/api/v2/webhooks`, { url: `http://127.0.0.1:${receiver.port}/`, events: ['delivery'] });
    const message = { to: '+13125550142', list_number: LIST, body: 'Hello' };
    id = (await post(`${server.url}/api/v2/send`, message)).body['message_id'];
    await until('it is under way', () => receiver.received.length === 1, 20_000);
    expect(await server.stop()).toMatchObject({ code: 0, stderr: '' });
  }
  receiver.answer = 204;
  await using again = await start();
  await until('it arrives', () => receiver.received.length === 2, 20_000);
  const [first, second] = receiver.received;
  expect(second?.body).toBe(first?.body);
  expect(second?.headers['webhook-id']).toBe(first?.headers['webhook-id']);
  expect(toJson(second!)).toMatchObject({ message_id: id });
  expect(again.url).not.toBe('');
});

test('a receiver with a certificate of an own authority is called when that is trusted, and not before', async () => {
  await using secure = await startReceiver(RECEIVER_TLS);
  const settings = { TRACKLY_WEBHOOK_ALLOW_HTTP: 'false' };
  let path = '';
  {
    await using server = await start(settings);
    const made = await post(`${server.url}/api/v2/webhooks`, {
      url: `https://localhost:${secure.port}/`,
      events: ['*'],
    });
    expect(made.status).toBe(201);
    path = `/api/v2/webhooks/${made.body['id']}/test`;
    const { body } = await post(server.url + path, {});
    expect(body).toMatchObject({ delivered: false, status_code: null, error: 'certificate_not_trusted' });
    expect(secure.received).toEqual([]);
  }
  await using server = await start({ ...settings, NODE_EXTRA_CA_CERTS: tlsPath('ca-cert.pem') });
  const { body } = await post(server.url + path, {});
  expect(body).toMatchObject({ delivered: true, status_code: 204, error: null });
  expect(secure.received).toHaveLength(1);
});

test('without the settings no private address is called', async () => {
  await using server = await start({ TRACKLY_WEBHOOK_ALLOWED_CIDRS: '10.255.0.0/16' });
  const port = receiver.port;
  const literal = await post(`${server.url}/api/v2/webhooks`, { url: `http://127.0.0.1:${port}/`, events: ['*'] });
  expect(literal).toMatchObject({ status: 400, body: { code: 'invalid_url' } });
  // A name of the hosts file that every machine has, spelled so that only its look-up tells.
  const made = await post(`${server.url}/api/v2/webhooks`, { url: `http://ip6-localhost:${port}/`, events: ['*'] });
  expect(made.status).toBe(201);
  const tested = await post(`${server.url}/api/v2/webhooks/${made.body['id']}/test`, {});
  expect(tested.body).toMatchObject({ delivered: false, status_code: null });
  expect(['address_refused', 'name_not_found']).toContain(tested.body['error']);
  expect(receiver.received).toEqual([]);
});
