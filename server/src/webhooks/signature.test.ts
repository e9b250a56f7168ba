import { createHmac } from 'node:crypto';
import { Webhook } from 'standardwebhooks';
import { expect, test } from 'vitest';
import { createSecret, isSecret, signedHeaders } from './signature.ts';

const SECRET = 'whsec_MDEyMzQ1Njc4OWFiY2RlZjAxMjM0NTY3ODlhYmNkZWY=';
const EVENT_ID = '6923a1f09c4de20011aa07b3';
const BODY =
  '{"event":"unsubscribe","phone_number":"+13125550142","list_number":"+18445550111","keyword":"STOP","timestamp":"2026-11-02T17:04:09.250Z","reason":"message"}';

test('the vector of the contract', () => {
  expect(signedHeaders(BODY, EVENT_ID, { secret: SECRET, oldSecret: null }, 1_793_639_050_999)).toMatchObject({
    'content-type': 'application/json',
    'x-trackly-signature': 'sha256=29df82c30c7527012a21305f62dfa47bd9ea74944a605356fef6ae80b93a9983',
    'webhook-id': 'evt_6923a1f09c4de20011aa07b3',
    'webhook-timestamp': '1793639050',
    'webhook-signature': 'v1,tU/74/Z8xeCYqYSQ/YFfRxPSLbrcoccA+0JHbPwzcTA=',
  });
});

test('the published library verifies it, and nothing that was changed', () => {
  const secret = createSecret();
  const body = '{"text":"Ça va? 😀"}';
  const headers = signedHeaders(body, EVENT_ID, { secret, oldSecret: null }, Date.now());
  expect(new Webhook(secret).verify(body, headers)).toEqual({ text: 'Ça va? 😀' });
  expect(() => new Webhook(secret).verify(`${body} `, headers)).toThrow('No matching signature');
  expect(() => new Webhook(createSecret()).verify(body, headers)).toThrow('No matching signature');
  expect(() => new Webhook(secret).verify(body, { ...headers, 'webhook-id': 'evt_other' })).toThrow(
    'No matching signature',
  );
  const old = signedHeaders(body, EVENT_ID, { secret, oldSecret: null }, Date.now() - 600_000);
  expect(() => new Webhook(secret).verify(body, old)).toThrow('too old');
});

test('during a rotation receivers with either secret verify it; our own header is by the new one', () => {
  const [secret, oldSecret] = [createSecret(), createSecret()];
  const headers = signedHeaders(BODY, EVENT_ID, { secret, oldSecret }, Date.now());
  for (const key of [secret, oldSecret]) expect(new Webhook(key).verify(BODY, headers)).toHaveProperty('event');
  const own = createHmac('sha256', secret).update(BODY).digest('hex');
  expect(headers['x-trackly-signature']).toBe(`sha256=${own}`);
});

test('what a secret is', () => {
  const of = (bytes: number): string => `whsec_${Buffer.alloc(bytes, 1).toString('base64')}`;
  expect(isSecret(createSecret())).toBe(true);
  expect([24, 32, 64].map((bytes) => isSecret(of(bytes)))).toEqual([true, true, true]);
  for (const text of [
    '',
    'whsec_',
    of(23),
    of(65),
    of(32).slice(6),
    of(32).replace('=', ''),
    `${of(32)} `,
    'whsec_!',
  ]) {
    expect([text, isSecret(text)]).toEqual([text, false]);
  }
});
