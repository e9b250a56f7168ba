import * as fc from 'fast-check';
import { beforeEach, expect, test } from 'vitest';
import { testAccount, testList } from '../../test/helpers/http-fixture.ts';
import type { CarrierEvents } from '../carriers/carrier.ts';
import { createHttpCarriers, createHttpRoads } from '../carriers/index.ts';
import { signTwilioCall } from '../carriers/twilio/signature.ts';
import { AppError } from '../lib/errors.ts';
import { createCallbackReceiver } from './receive-callback.ts';

const ACCOUNT = 'a'.repeat(24);
const PUBLIC_URL = 'https://sms.example';
const TOKEN = '1'.repeat(32);
const SECRET = 'a-secret-of-the-path';
const RUNS = 2_000;
const TWILIO_FIELDS = {
  MessageSid: 'SM2',
  SmsStatus: 'received',
  From: '+13125550142',
  To: '+18445550111',
  Body: 'STOP now & for ever, é',
};
const INFOBIP_CALL = {
  results: [{ messageId: 'k3Vd81Qz', from: '13125550142', to: '18445550112', text: 'STOP', receivedAt: '2026-11-02' }],
};

let stored: CarrierEvents[];
let failures: unknown[];
beforeEach(() => {
  [stored, failures] = [[], []];
});

const lists = [
  testList({ id: 1, number: '+18445550111', type: 'twilio', credentials: { account_sid: 'AC', auth_token: TOKEN } }),
  testList({
    id: 2,
    number: '+18445550112',
    type: 'infobip',
    credentials: { base_url: 'https://x', api_key: 'x', callback_secret: SECRET },
  }),
];
const receiver = createCallbackReceiver({
  directory: { account: (id) => (id === ACCOUNT ? testAccount() : undefined), listsOf: () => lists },
  carriers: createHttpCarriers({ roads: createHttpRoads(), publicUrl: PUBLIC_URL }),
  allowUnsigned: false,
  onEvents: async (events) => void stored.push(events),
  keepUnreadable: async () => {},
  keepStray: async () => {},
  onError: (error) => void failures.push(error),
});

/** The code that a call is refused with; null: it was taken. */
async function refusalOf(
  carrier: string,
  { body, headers = {}, secret = null }: { body: Buffer; headers?: Record<string, string>; secret?: string | null },
): Promise<string | null> {
  const path = `/api/webhook-feedbacks/${carrier}${secret === null ? '' : `/${secret}`}?account=${ACCOUNT}`;
  try {
    await receiver.receive(carrier, ACCOUNT, {
      url: PUBLIC_URL + path,
      secret,
      query: { account: ACCOUNT },
      headers,
      body,
      nowMs: 0,
    });
    return null;
  } catch (error) {
    if (error instanceof AppError) return error.code;
    throw error;
  }
}

const twilioUrl = `${PUBLIC_URL}/api/webhook-feedbacks/twilio?account=${ACCOUNT}`;
const signature = signTwilioCall({ url: twilioUrl, fields: Object.entries(TWILIO_FIELDS) }, TOKEN);
const form = { 'content-type': 'application/x-www-form-urlencoded' };
const genuine = Buffer.from(new URLSearchParams(TWILIO_FIELDS).toString());

/** What a signature stands for: the fields, in whatever order and spelling they are written. */
function meaningOf(body: Buffer): string {
  return JSON.stringify([...new URLSearchParams(body.toString())].sort(([a], [b]) => (a < b ? -1 : 1)));
}

/** A body in which some octets are others, or that is cut, or goes on. */
function damaged(body: Buffer): fc.Arbitrary<Buffer> {
  const overwritten = fc
    .tuple(fc.nat(body.length - 1), fc.uint8Array({ minLength: 1, maxLength: 4 }))
    .map(([at, by]) => {
      const copy = Buffer.from(body);
      copy.set(by.subarray(0, copy.length - at), at);
      return copy;
    });
  const cut = fc.nat(body.length - 1).map((end) => body.subarray(0, end));
  const longer = fc.uint8Array({ minLength: 1, maxLength: 100 }).map((more) => Buffer.concat([body, more]));
  return fc.oneof(overwritten, cut, longer);
}

test('of a signed call nothing that was changed on the way is taken', async () => {
  expect(
    await refusalOf('twilio', { body: genuine, headers: { ...form, 'x-twilio-signature': signature } }),
  ).toBeNull();
  expect(stored).toHaveLength(1);
  stored = [];
  await fc.assert(
    fc.asyncProperty(damaged(genuine), async (body) => {
      fc.pre(meaningOf(body) !== meaningOf(genuine));
      const code = await refusalOf('twilio', { body, headers: { ...form, 'x-twilio-signature': signature } });
      expect([code, stored]).toEqual(['invalid_signature', []]);
    }),
    { numRuns: RUNS },
  );
});

test('no signature but the right one is taken', async () => {
  await fc.assert(
    fc.asyncProperty(
      fc.oneof(fc.string(), fc.base64String(), damaged(Buffer.from(signature)).map(String)),
      async (other) => {
        fc.pre(other !== signature);
        const code = await refusalOf('twilio', { body: genuine, headers: { ...form, 'x-twilio-signature': other } });
        expect([code, stored]).toEqual(['invalid_signature', []]);
      },
    ),
    { numRuns: RUNS },
  );
});

test('with the secret of the path, any body is read or refused, and never half stored', async () => {
  const body = Buffer.from(JSON.stringify(INFOBIP_CALL));
  const json = { 'content-type': 'application/json' };
  const any = fc.oneof(
    damaged(body),
    fc.json().map((text) => Buffer.from(text)),
    fc.uint8Array({ maxLength: 2_000 }).map((octets) => Buffer.from(octets)),
  );
  await fc.assert(
    fc.asyncProperty(any, async (payload) => {
      stored = [];
      const code = await refusalOf('infobip', { body: payload, headers: json, secret: SECRET });
      expect(['invalid_payload', null]).toContain(code);
      expect(code === null ? [] : stored).toEqual([]);
      expect(failures).toEqual([]);
    }),
    { numRuns: RUNS },
  );
});

test('without the right secret, no body is taken', async () => {
  const body = Buffer.from(JSON.stringify(INFOBIP_CALL));
  await fc.assert(
    fc.asyncProperty(fc.option(fc.string({ minLength: 1 }), { nil: null }), async (secret) => {
      fc.pre(secret !== SECRET);
      expect([await refusalOf('infobip', { body, secret }), stored]).toEqual(['invalid_signature', []]);
    }),
    { numRuns: RUNS / 4 },
  );
});
