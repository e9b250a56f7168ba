import type { TLSSocket } from 'node:tls';
import { afterEach, expect, test } from 'vitest';
import { AUTHORITY, EXPIRED_TLS, RECEIVER_TLS } from '../../test/helpers/tls-fixtures.ts';
import { startReceiver, type WebhookReceiver } from '../../test/helpers/webhook-receiver.ts';
import type { ResolvedAddress } from '../lib/resolve-host.ts';
import { createWebhookSender, type TryResult, type WebhookSenderOptions } from './webhook-sender.ts';

let receiver: WebhookReceiver;
afterEach(() => receiver[Symbol.asyncDispose]());

/** Every name leads to the receiver. */
const resolve = async (): Promise<ResolvedAddress[]> => [{ address: '127.0.0.1', family: 4 }];
const TRUSTING = { allowedCidrs: ['127.0.0.0/8'], resolve, ca: AUTHORITY };

async function post(host: string, options: WebhookSenderOptions = TRUSTING): Promise<TryResult> {
  const sender = createWebhookSender(options);
  try {
    return await sender.post(`https://${host}:${receiver.port}/`, {}, '{}');
  } finally {
    await sender[Symbol.asyncDispose]();
  }
}

test.each(['hooks.example.net', 'HOOKS.example.net', 'hooks.example.net.'])(
  'a trusted certificate for the name is accepted, and the name is told to the server: %s',
  async (host) => {
    receiver = await startReceiver(RECEIVER_TLS);
    const told: unknown[] = [];
    receiver.server.on('secureConnection', (socket: TLSSocket & { servername?: string }) =>
      told.push(socket.servername),
    );
    expect(await post(host)).toMatchObject({ statusCode: 204, error: null });
    expect(told).toEqual(['hooks.example.net']);
  },
);

test.each([
  ['another name', 'other.example.net', RECEIVER_TLS, 'certificate_of_another_name'],
  ['a name above it', 'example.net', RECEIVER_TLS, 'certificate_of_another_name'],
  ['the address in the place of the name', '127.0.0.1', RECEIVER_TLS, 'certificate_of_another_name'],
  ['a time that is over', 'hooks.example.net', EXPIRED_TLS, 'certificate_expired'],
])('a certificate of %s is refused, and nothing is sent', async (_name, host, tls, error) => {
  receiver = await startReceiver(tls);
  expect(await post(host)).toMatchObject({ statusCode: null, error });
  expect(receiver.received).toEqual([]);
});

test('a certificate of an authority that is not trusted is refused, whatever the environment says', async () => {
  receiver = await startReceiver(RECEIVER_TLS);
  const { ca: _ca, ...untrusting } = TRUSTING;
  const before = process.env['NODE_TLS_REJECT_UNAUTHORIZED'];
  try {
    expect(await post('hooks.example.net', untrusting)).toMatchObject({ error: 'certificate_not_trusted' });
    process.env['NODE_TLS_REJECT_UNAUTHORIZED'] = '0';
    expect(await post('hooks.example.net', untrusting)).toMatchObject({ error: 'certificate_not_trusted' });
  } finally {
    if (before === undefined) delete process.env['NODE_TLS_REJECT_UNAUTHORIZED'];
    else process.env['NODE_TLS_REJECT_UNAUTHORIZED'] = before;
  }
  expect(receiver.received).toEqual([]);
});

test('every connection of a sender is checked, whatever the one before was', async () => {
  receiver = await startReceiver(RECEIVER_TLS);
  receiver.answer = (_request, response) => response.writeHead(204, { connection: 'close' }).end();
  const sender = createWebhookSender(TRUSTING);
  const results: unknown[] = [];
  for (const host of ['hooks.example.net', 'other.example.net', 'hooks.example.net']) {
    const { statusCode, error } = await sender.post(`https://${host}:${receiver.port}/`, {}, '{}');
    results.push(statusCode ?? error);
  }
  expect(results).toEqual([204, 'certificate_of_another_name', 204]);
  await sender[Symbol.asyncDispose]();
});
