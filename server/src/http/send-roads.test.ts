import * as fc from 'fast-check';
import { expect, inject, test } from 'vitest';
import { openHttpClient } from '../../test/helpers/http-client.ts';
import { createHttpFixture, createMemoryAccept, type MemoryAccept, testList } from '../../test/helpers/http-fixture.ts';
import { bulkPayload, often, onePayload } from '../../test/helpers/send-bodies.ts';
import { sendBulk, sendMessage } from '../messages/index.ts';
import { LANES } from '../pipeline/batch.ts';
import { FLAGS } from '../pipeline/flags.ts';
import { toOutboundMessage, type AcceptedMessage } from '../pipeline/outbound-message.ts';
import { toErrorAnswer } from './answer-error.ts';
import type { HttpDeps } from './http-deps.ts';
import { parseJsonObject } from './read-body.ts';

declare module 'vitest' {
  interface ProvidedContext {
    /** Set by the project `fuzz`. */
    readonly fuzzRuns: number | undefined;
  }
}

const RUNS = inject('fuzzRuns') ?? 5_000;

interface Form {
  readonly bulk: boolean;
  readonly raw: boolean;
}
const BULK: Form = { bulk: true, raw: false };
const ONE: Form = { bulk: false, raw: false };

interface World {
  readonly post: (bytes: Buffer, form: Form, key: string) => Promise<Seen>;
  readonly judgeByJson: (bytes: Buffer, form: Form, key: string) => Promise<Seen>;
  /** Requests that were accepted without an object a message. */
  readonly fastCount: () => number;
  [Symbol.asyncDispose](): Promise<void>;
}

/** What a caller and the pipeline see of a request. */
interface Seen {
  readonly status: number;
  readonly answer: unknown;
  readonly accepted: readonly unknown[];
}

/** The server, and beside it the road that every request took if there were no other. */
async function createWorld(): Promise<World> {
  let fastCount = 0;
  const [accept, reference] = [createMemoryAccept(), createMemoryAccept()];
  const counting: MemoryAccept = {
    ...accept,
    acceptRows(...call) {
      fastCount++;
      return accept.acceptRows(...call);
    },
  };
  const fixture = createHttpFixture({ accept: counting });
  const client = await openHttpClient(fixture.app);
  fixture.directory.allLists.push(
    testList({ id: 2, number: '+18005552000', accountId: 'c'.repeat(24) }),
    testList({ id: 3, number: '24273', settings: { ...testList().settings, shortenerDomain: 'nwp.example' } }),
    testList({ id: 4, number: '+18005554000', isByoc: true, verified: false }),
  );
  const [key] = fixture.directory.keys.values();
  if (key === undefined) throw new Error('the fixture has no key');
  fixture.directory.keys.set('sandbox', { ...key, sandbox: true });
  fixture.directory.keys.set('only-3', { ...key, allowedListIds: new Set([3]) });
  fixture.directory.keys.set('confirm', { ...key, requireConfirmation: true });
  return {
    fastCount: () => fastCount,
    async post(bytes, { bulk, raw }, secret) {
      const answer = await client.send({
        path: `/api/v2/send${raw ? '-raw' : ''}${bulk ? '/bulk' : ''}`,
        headers: { 'x-api-key': secret, 'content-type': 'application/json', 'content-length': String(bytes.length) },
        body: bytes,
      });
      return { status: answer.status, answer: JSON.parse(answer.text) as unknown, accepted: takeAccepted(accept) };
    },
    async judgeByJson(bytes, form, secret) {
      const answer = await judgeByJson({ ...fixture.deps, accept: reference }, secret, { bytes, form });
      return { ...answer, accepted: takeAccepted(reference) };
    },
    async [Symbol.asyncDispose]() {
      client[Symbol.dispose]();
      await fixture[Symbol.asyncDispose]();
    },
  };
}

async function judgeByJson(deps: HttpDeps, secret: string, { bytes, form }: { bytes: Buffer; form: Form }) {
  try {
    const key = deps.directory.findKey(secret);
    const account = key === undefined ? undefined : deps.directory.account(key.accountId);
    if (key === undefined || account === undefined) throw new Error(`no key ${secret}`);
    const body = parseJsonObject(bytes);
    const send = form.bulk ? sendBulk : sendMessage;
    const sent = await send(deps, { key, account }, { body, raw: form.raw, transaction: null });
    return { status: 201, answer: JSON.parse(JSON.stringify(sent)) as unknown };
  } catch (error) {
    const { status, body } = toErrorAnswer(error);
    return { status, answer: body as unknown };
  }
}

/** The messages in the form in which the gate gets them. */
function takeAccepted({ calls }: MemoryAccept): unknown[] {
  return calls.splice(0).flatMap(({ source, simulated, items }) =>
    items.map(({ json, ...batch }) => {
      const birth = { number: 0, id: '', createdMs: 0, dueMs: batch.dueMs, simulated, source };
      return { ...batch, message: toOutboundMessage(JSON.parse(json) as AcceptedMessage, birth) };
    }),
  );
}

test.each([
  ['bulk', true, bulkPayload],
  ['single', false, onePayload],
] as const)(
  `${RUNS} bodies of %s sends are judged alike as bytes and by JSON.parse`,
  async (_name, bulk, payload) => {
    await using world = await createWorld();
    const secrets = often(['key', 'key', 'sandbox'], ['only-3', 'confirm'], 10);
    const statuses = new Map<number, number>();
    await fc.assert(
      fc.asyncProperty(payload, fc.boolean(), secrets, async (bytes, raw, secret) => {
        const seen = await world.post(bytes, { bulk, raw }, secret);
        expect(seen).toEqual(await world.judgeByJson(bytes, { bulk, raw }, secret));
        statuses.set(seen.status, (statuses.get(seen.status) ?? 0) + 1);
      }),
      { numRuns: RUNS },
    );
    // Neither road was the exception, and neither were refusals.
    expect(world.fastCount()).toBeGreaterThan(RUNS / 10);
    expect((statuses.get(201) ?? 0) - world.fastCount()).toBeGreaterThan(RUNS / (bulk ? 20 : 200));
    expect(statuses.get(400)).toBeGreaterThan(RUNS / 20);
  },
  300_000,
);

const GOOD_ROW = '{"to":"+13125550142","body":"Hello"}';
const bulkOf = (rows: readonly string[]): Buffer =>
  Buffer.from(`{"list_number":"+18005551000","messages":[${rows.join(',')}]}`);
const rowWith = (members: string): Buffer => bulkOf([`{"to":"+13125550142","body":"Hello",${members}}`]);
const rowOf = (text: string): string => `{"to":"+13125550142","body":"${text}"}`;

test.each([
  ['1,000 rows', bulkOf(Array.from({ length: 1_000 }, () => GOOD_ROW)), 1],
  ['1,001 rows', bulkOf(Array.from({ length: 1_001 }, () => GOOD_ROW)), 0],
  ['white space everywhere', Buffer.from(JSON.stringify(JSON.parse(bulkOf([GOOD_ROW]).toString()), null, '\t')), 1],
  ['1,600 letters', bulkOf([rowOf('a'.repeat(1_600))]), 1],
  ['1,601 letters', bulkOf([rowOf('a'.repeat(1_601))]), 0],
  ['1,600 characters of 3 bytes', bulkOf([rowOf('漢'.repeat(1_600))]), 1],
  ['1,601 characters of 3 bytes', bulkOf([rowOf('漢'.repeat(1_601))]), 0],
  ['800 characters of 4 bytes', bulkOf([rowOf('😀'.repeat(800))]), 1],
  ['801 characters of 4 bytes', bulkOf([rowOf('😀'.repeat(801))]), 0],
  ['1,600 escapes', bulkOf([rowOf('\\u00e9'.repeat(800) + '\\n'.repeat(800))]), 1],
  ['1,601 escapes', bulkOf([rowOf('\\u00e9'.repeat(800) + '\\n'.repeat(801))]), 0],
  ['white space of every kind', bulkOf([rowOf('\\t\\u3000\u2003\u00a0 \ufeff')]), 0],
  ['one letter behind it', bulkOf([rowOf('\\t\\u3000\u2003\u00a0 \ufeff!')]), 1],
  ['a row with its list', rowWith('"list_number":"+18005551000"'), 1],
  ['a row with a short code', rowWith('"list_number":"24273"'), 1],
  ['a transactional row', rowWith('"category":"transactional"'), 1],
  ['a marketing row', rowWith('"category":"marketing"'), 1],
  ['two lanes', bulkOf([GOOD_ROW, '{"to":"+13125550142","body":"a","category":"marketing"}']), 0],
  ['two lists', bulkOf([GOOD_ROW, '{"to":"+13125550142","body":"a","list_number":"24273"}']), 0],
  ['a flag that is on', rowWith('"skip_affixes":true'), 1],
  ['a flag that is off', rowWith('"skip_affixes":false'), 1],
  ['a flag that is null', rowWith('"skip_affixes":null'), 1],
  ['links without a domain', rowWith('"wrap_links":true'), 0],
  ['links with a domain', rowWith('"wrap_links":true,"list_number":"24273"'), 1],
  ['a flag of send-raw', rowWith('"skip_rate_limit":true'), 0],
  ['an unknown key', rowWith('"other":true'), 0],
  ['a key that begins like list_number', Buffer.from(`{"list_numbers":"24273","messages":[${GOOD_ROW}]}`), 0],
  ['a key that begins like messages', Buffer.from(`{"list_number":"24273","messagesX":[${GOOD_ROW}]}`), 0],
  ['a word that begins like marketing', rowWith('"category":"marketinG"'), 0],
  ['a word that ends like transactional', rowWith('"category":"Transactional"'), 0],
  ['an empty request', Buffer.alloc(0), 0],
  ['a request without rows', bulkOf([]), 0],
])('%s: the same on both roads', async (_name, bytes, fast) => {
  await using world = await createWorld();
  const seen = await world.post(bytes, BULK, 'key');
  expect(seen).toEqual(await world.judgeByJson(bytes, BULK, 'key'));
  expect(world.fastCount()).toBe(fast);
});

const oneWith = (members: string): Buffer =>
  Buffer.from(`{"to":"+13125550142","body":"Hello","list_number":"+18005551000"${members}}`);
const oneOf = (text: string): Buffer =>
  Buffer.from(`{"to":"+13125550142","list_number":"+18005551000","body":"${text}"}`);

test.each([
  ['a plain send', oneWith(''), 1],
  ['white space everywhere', Buffer.from(` ${JSON.stringify(JSON.parse(oneWith('').toString()), null, '\t')} \n`), 1],
  ['16,384 bytes', oneWith(' '.repeat(16_384 - oneWith('').length)), 1],
  ['16,385 bytes', oneWith(' '.repeat(16_385 - oneWith('').length)), 0],
  ['1,600 escapes', oneOf('\\u00e9'.repeat(1_600)), 1],
  ['1,601 escapes', oneOf('\\u00e9'.repeat(1_601)), 0],
  ['no list', Buffer.from(GOOD_ROW), 0],
  ['a list of another account', Buffer.from(GOOD_ROW.replace('}', ',"list_number":"+18005552000"}')), 0],
  ['a marketing send', oneWith(',"category":"marketing"'), 1],
  ['a flag that is on', oneWith(',"skip_affixes":true'), 1],
  ['a repeated key', oneWith(',"body":"Other"'), 0],
  ['a flag of send-raw', oneWith(',"skip_rate_limit":true'), 0],
  ['metadata', oneWith(',"metadata":{"a":1}'), 0],
  ['links without a domain', oneWith(',"wrap_links":true'), 0],
  ['rows of a bulk', bulkOf([GOOD_ROW]), 0],
  ['an array', Buffer.from(`[${oneWith('').toString()}]`), 0],
  ['something behind it', Buffer.from(`${oneWith('').toString()}}`), 0],
  ['broken UTF-8', oneOf('Hello').fill(0xff, 60, 61), 0],
])('a single send, %s: the same on both roads', async (_name, bytes, fast) => {
  await using world = await createWorld();
  const seen = await world.post(bytes, ONE, 'key');
  expect(seen).toEqual(await world.judgeByJson(bytes, ONE, 'key'));
  expect(world.fastCount()).toBe(fast);
});

test.each([
  ['skip_rate_limit', LANES.express],
  ['skip_duplicate_check', LANES.transactional],
  ['skip_contact_validation', LANES.transactional],
  ['skip_journey_check', LANES.transactional],
])('send-raw reads %s from the bytes', async (name, lane) => {
  await using world = await createWorld();
  const seen = await world.post(rowWith(`"${name}":true`), { bulk: true, raw: true }, 'key');
  expect(seen.accepted).toMatchObject([{ lane, message: { flags: FLAGS[name as keyof typeof FLAGS] } }]);
  expect(world.fastCount()).toBe(1);
});
