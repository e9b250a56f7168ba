import { generateKeyPairSync, sign } from 'node:crypto';
import * as fc from 'fast-check';
import { afterAll, beforeEach, describe, expect, test } from 'vitest';
import { createHttpFixture, NOW_MS, testAccount, testList } from '../../test/helpers/http-fixture.ts';
import type { CarrierEvents } from '../carriers/carrier.ts';
import { createHttpCarriers, createHttpRoads } from '../carriers/index.ts';
import { signTwilioCall } from '../carriers/twilio/signature.ts';
import { createCallbackReceiver } from './receive-callback.ts';

const ACCOUNT = 'a'.repeat(24);
const OTHER = 'c'.repeat(24);
const PUBLIC_URL = 'https://sms.example';
const TOKEN = '1'.repeat(32);
const SECRET = 'a-secret-of-the-path';
const RUNS = 1_000;
const MAX_BYTES = 1_048_576;
const { publicKey, privateKey } = generateKeyPairSync('ed25519');
const TELNYX_KEY = Buffer.from(publicKey.export({ format: 'jwk' }).x ?? '', 'base64url').toString('base64');

let stored: CarrierEvents[];
let failures: unknown[];
let nowMs = NOW_MS;
beforeEach(() => {
  [stored, failures, nowMs] = [[], [], NOW_MS];
});

const inboundRules = { id: 'id', from: 'from', to: 'to', text: 'text' };
const credentialsOf: Readonly<Record<string, object>> = {
  twilio: { account_sid: 'AC', auth_token: TOKEN },
  telnyx: { api_key: 'x', public_key: TELNYX_KEY },
  infobip: { base_url: 'https://x', api_key: 'x', callback_secret: SECRET },
  cm: { product_token: 'x', callback_secret: SECRET },
  http: { callback_secret: SECRET, inbound: inboundRules },
};
const number = '+18445550111';
const lists = Object.entries(credentialsOf).flatMap(([type, credentials], index) => [
  testList({ id: index + 1, number, type, credentials: { ...credentials } }),
  // The other account has the same carriers, with other credentials.
  testList({
    id: index + 11,
    number,
    type,
    accountId: OTHER,
    credentials: { ...credentials, auth_token: '2'.repeat(32), callback_secret: 'another', public_key: 'x' },
  }),
]);
const callbacks = createCallbackReceiver({
  directory: {
    account: (id) => ([ACCOUNT, OTHER].includes(id) ? testAccount({ id }) : undefined),
    listsOf: (id) => lists.filter(({ accountId }) => accountId === id),
  },
  carriers: createHttpCarriers({ roads: createHttpRoads(), publicUrl: PUBLIC_URL }),
  allowUnsigned: false,
  onEvents: async (events) => void stored.push(events),
  keepUnreadable: async () => {},
  keepStray: async () => {},
  onError: (error) => void failures.push(error),
});
const fixture = createHttpFixture({ callbacks, clock: () => nowMs });
afterAll(() => fixture[Symbol.asyncDispose]());

interface Call {
  readonly path: string;
  readonly headers: Readonly<Record<string, string>>;
  readonly body: Buffer;
}

/** Status and code of the answer; the code of a call that was taken is null. */
async function answerTo({ path, headers, body }: Call): Promise<[status: number, code: string | null]> {
  const answer = await fixture.app.inject({ method: 'POST', url: path, headers, payload: body });
  if (answer.statusCode === 200) return [200, null];
  return [answer.statusCode, (JSON.parse(answer.body) as { code: string }).code];
}

const pathOf = (carrier: string, secret = ''): string =>
  `/api/webhook-feedbacks/${carrier}${secret === '' ? '' : `/${encodeURIComponent(secret)}`}?account=${ACCOUNT}`;
const JSON_TYPE = { 'content-type': 'application/json' };
const json = (value: unknown): Buffer => Buffer.from(JSON.stringify(value));
const TEXT = { from: '13125550142', to: '18445550111', text: 'STOP now & for ever, é' };

function twilioCall(): Call {
  const fields = { MessageSid: 'SM2', SmsStatus: 'received', From: '+13125550142', To: number, Body: TEXT.text };
  const path = pathOf('twilio');
  const signature = signTwilioCall({ url: PUBLIC_URL + path, fields: Object.entries(fields) }, TOKEN);
  const headers = { 'content-type': 'application/x-www-form-urlencoded', 'x-twilio-signature': signature };
  return { path, headers, body: Buffer.from(new URLSearchParams(fields).toString()) };
}

function telnyxCall(): Call {
  const payload = { id: 'T1', from: { phone_number: '+13125550142' }, to: [{ phone_number: number }], text: TEXT.text };
  const body = json({ data: { event_type: 'message.received', payload } });
  const timestamp = String(Math.floor(NOW_MS / 1_000));
  const signature = sign(null, Buffer.concat([Buffer.from(`${timestamp}|`), body]), privateKey).toString('base64');
  const headers = { ...JSON_TYPE, 'telnyx-timestamp': timestamp, 'telnyx-signature-ed25519': signature };
  return { path: pathOf('telnyx'), headers, body };
}

const cmText = { from: { number: TEXT.from }, to: { number: TEXT.to }, message: { text: TEXT.text } };
const bodies = {
  infobip: json({ results: [{ messageId: 'k3Vd81Qz', ...TEXT, receivedAt: '2026-11-02' }] }),
  cm: json({ ...cmText, timeUtc: '2026-11-02T17:04:09' }),
  http: json({ id: 'h1', ...TEXT }),
};
const SECRET_CARRIERS = ['infobip', 'cm', 'http'] as const;
const secretCall = (carrier: (typeof SECRET_CARRIERS)[number], secret = SECRET): Call => ({
  path: pathOf(carrier, secret),
  headers: JSON_TYPE,
  body: bodies[carrier],
});
const SIGNED: readonly (readonly [carrier: string, call: Call, signature: string])[] = [
  ['twilio', twilioCall(), 'x-twilio-signature'],
  ['telnyx', telnyxCall(), 'telnyx-signature-ed25519'],
];
const GENUINE: readonly (readonly [carrier: string, call: Call])[] = [
  ...SIGNED.map(([carrier, call]) => [carrier, call] as const),
  ...SECRET_CARRIERS.map((carrier) => [carrier, secretCall(carrier)] as const),
];

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

/** What a signature stands for: of a form its fields, in whatever order and spelling; else the octets. */
function meaningOf({ headers }: Call, body: Buffer): string {
  if (headers['content-type'] === 'application/json') return body.toString('latin1');
  return JSON.stringify([...new URLSearchParams(body.toString())].sort(([a], [b]) => (a < b ? -1 : 1)));
}

describe.each(GENUINE)('a genuine call of %s', (carrier, call) => {
  test('is taken, once more when it comes again, and then has the same key', async () => {
    expect([await answerTo(call), await answerTo(call)]).toEqual([
      [200, null],
      [200, null],
    ]);
    expect(stored).toMatchObject([{ inbound: [{ from: '+13125550142', text: TEXT.text }] }, {}]);
    expect(stored[0]?.inbound[0]?.id).toBe(stored[1]?.inbound[0]?.id);
  });

  test.each([
    ['another account', OTHER],
    ['no account', ''],
    ['an account that there is not', 'd'.repeat(24)],
  ])('is refused for %s', async (_what, account) => {
    const path = call.path.replace(ACCOUNT, account);
    expect([await answerTo({ ...call, path }), stored]).toEqual([[403, 'invalid_signature'], []]);
  });

  test('is refused at the address of every other carrier', async () => {
    for (const [other] of GENUINE) {
      const path = call.path.replace(`/${carrier}`, `/${other}`);
      // The same secret is the same right; what it says is another language.
      if (other === carrier || (call.path.includes(SECRET) && !['twilio', 'telnyx'].includes(other))) continue;
      expect([await answerTo({ ...call, path }), stored]).toEqual([[403, 'invalid_signature'], []]);
    }
  });

  test('is refused when it is huge, whatever is in it', async () => {
    for (const body of [Buffer.alloc(MAX_BYTES + 1, ' '), Buffer.concat([call.body, Buffer.alloc(MAX_BYTES)])]) {
      expect([await answerTo({ ...call, body }), stored]).toEqual([[413, 'payload_too_large'], []]);
    }
  });
});

describe.each(SIGNED)('of signed calls of %s', (_carrier, call, header) => {
  test('nothing that was changed on the way is taken', async () => {
    await fc.assert(
      fc.asyncProperty(damaged(call.body), async (body) => {
        fc.pre(meaningOf(call, body) !== meaningOf(call, call.body));
        expect([await answerTo({ ...call, body }), stored]).toEqual([[403, 'invalid_signature'], []]);
      }),
      { numRuns: RUNS },
    );
  });

  test('no signature but the right one is taken', async () => {
    const right = call.headers[header] ?? '';
    // A header is printable ASCII.
    const printable = fc.string({ unit: fc.integer({ min: 33, max: 126 }).map((code) => String.fromCharCode(code)) });
    const changed = fc
      .tuple(fc.nat(right.length - 1), fc.constantFrom('A', 'b', '7', '/', '='))
      .map(([at, sign]) => right.slice(0, at) + sign + right.slice(at + 1));
    const octetsOf = (text: string): string => Buffer.from(text, 'base64').toString('hex');
    await fc.assert(
      fc.asyncProperty(fc.oneof(printable, fc.base64String(), changed), async (other) => {
        fc.pre(octetsOf(other) !== octetsOf(right));
        const headers = { ...call.headers, [header]: other };
        expect([await answerTo({ ...call, headers }), stored]).toEqual([[403, 'invalid_signature'], []]);
      }),
      { numRuns: RUNS },
    );
  });
});

test('a call of Telnyx is refused when it is replayed after five minutes', async () => {
  nowMs = NOW_MS - (NOW_MS % 1_000) + 300_000;
  expect((await answerTo(telnyxCall()))[0]).toBe(200);
  stored = [];
  nowMs += 1;
  expect([await answerTo(telnyxCall()), stored]).toEqual([[403, 'invalid_signature'], []]);
});

describe.each(SECRET_CARRIERS)('of calls of %s, which signs nothing,', (carrier) => {
  test('with the secret of the path, any body is read or refused, and never half stored', async () => {
    const any = fc.oneof(
      damaged(bodies[carrier]),
      fc.json().map((text) => Buffer.from(text)),
      fc.uint8Array({ maxLength: 2_000 }).map((octets) => Buffer.from(octets)),
    );
    await fc.assert(
      fc.asyncProperty(any, async (body) => {
        stored = [];
        const [status, code] = await answerTo({ ...secretCall(carrier), body });
        expect([
          [200, null],
          [400, 'invalid_payload'],
        ]).toContainEqual([status, code]);
        expect(status === 200 ? [] : stored).toEqual([]);
        expect(failures).toEqual([]);
      }),
      { numRuns: RUNS },
    );
  });

  test('without the right secret, no body is taken', async () => {
    const other = fc.oneof(fc.constant(''), fc.string({ minLength: 1, maxLength: 60 }), fc.base64String());
    await fc.assert(
      fc.asyncProperty(other, async (secret) => {
        fc.pre(secret !== SECRET && !/^\.{1,2}$|[/\\?#%]/.test(secret));
        expect([await answerTo(secretCall(carrier, secret)), stored]).toEqual([[403, 'invalid_signature'], []]);
      }),
      { numRuns: RUNS / 4 },
    );
  });
});
