import * as fc from 'fast-check';
import { expect, inject, test } from 'vitest';
import { createHttpFixture, createMemoryAccept, type MemoryAccept, testList } from '../../test/helpers/http-fixture.ts';
import { sendBulk } from '../messages/index.ts';
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

const often = <T>(usual: readonly T[], rare: readonly T[], weight = 40): fc.Arbitrary<T> =>
  fc.oneof({ weight, arbitrary: fc.constantFrom(...usual) }, { weight: 1, arbitrary: fc.constantFrom(...rare) });

/** Between any two tokens. The last two are white space to people only. */
const space = often(['', '', '', ' ', '\n  ', '\t', '\r\n'], ['\f', '\u00a0', '\ufeff', '\0'], 300);

/** Parts of a body as they stand in JSON. */
const USUAL_TEXT = [
  ['Hello', 'a', ' ', 'é', '漢字', '😀', '\u180e', '\u200b', '“', '{{first_name}}', '{', '}', '[', ']', ',', ':'],
  ['\\n', '\\"', '\\\\', '\\/', '\\t', '\\b', '\\f', '\\r', '\\u0041', '\\u00E9', '\\u000a', '\\ud7ff', '\\ue000'],
  ['\u00a0', '\\u00a0', '\u3000', '\\u3000', '\u2028', '\ufeff', '\\ufeff', '\u1680', '\u205f', '\u200a', '\u007f'],
  ['https://a.example/?b=c', 'www.a.example'],
].flat();
const RARE_TEXT = [
  ['\\u0000', '\\ud83d\\ude00', '\\ud83d', '\\udc00', '\\x', '\\u12', '\\u12g4', '\\', '\n', '\0', '\u0008', '"'],
  ['a'.repeat(1_599), 'é'.repeat(1_600), '漢'.repeat(1_598), '😀'.repeat(800), '\\n'.repeat(1_599)],
  ['\\u00e9'.repeat(1_600), ' '.repeat(1_600)],
].flat();
const bodyText = fc.oneof(
  { weight: 4, arbitrary: fc.array(often(USUAL_TEXT, RARE_TEXT, 120), { minLength: 1, maxLength: 6 }) },
  { weight: 1, arbitrary: fc.string({ unit: 'grapheme' }).map((text) => [JSON.stringify(text).slice(1, -1)]) },
);
const body = bodyText.map((parts) => `"${parts.join('')}"`);

const to = often(
  ['"+13125550142"', '"+447700900123"', '"+4915112345678"', '"+819012345678"'],
  [
    [
      '""',
      '"+1312555"',
      '"13125550142"',
      '"+13125550142 "',
      '"+1312555014\\u0032"',
      '"+0312555014200"',
      '"+99912345678"',
    ],
    [
      'null',
      '13125550142',
      '"+123456789012345"',
      '"+1234567890123456"',
      '"+13125550142a"',
      '"+13125550142!',
      '["+13125550142"]',
    ],
  ].flat(),
);
const OWN_LISTS = ['"+18005551000"', '"24273"'];
const ODD_LISTS = [
  '"+18005552000"',
  '"+18005559999"',
  '"1234"',
  '""',
  'null',
  '7',
  '"+1800555100\\u0030"',
  '"+18005554000"',
];
const flag = often(['true', 'false', 'null'], ['1', '"true"', '{}', 'nul', 'truee', 'True', 'falsy', 'fals']);
const category = often(
  ['"transactional"', '"marketing"'],
  ['null', '""', '"spam"', '"marketin\\u0067"', '"marketong"', '"transectional"', 'true'],
);
const deep = (levels: number): string => `${'['.repeat(levels)}${']'.repeat(levels)}`;
/** What one road alone can judge. */
const OTHER_MEMBERS = [
  ['"metadata":{"a":1}', '"metadata":null', '"contact_data":{"first_name":"Zoe"}', '"contact_data":[]'],
  ['"send_at":"2026-11-03T00:00:00Z"', '"send_at":"never"', '"\\u0074o":"+13125550143"', '"bod\\u0079":"b"', '"":1'],
  ['"__proto__":{"to":"x"}', '"other":-0.5E+3', '"other":01', '"other":.5', '"other":1e999', '"other":-', '"to ":1'],
  [`"other":${deep(61)}`, `"other":${deep(62)}`, '"other":"\\ud800"', '"tO":"x"', '"messages":[]', 'to:"+13125550142"'],
  ['"skip_rate_limit":true', '"skip_journey_check":0', '"' + 'k'.repeat(40) + '":true', '"constructor":null'],
].flat();

interface Member {
  readonly key: string;
  readonly value: string;
}
const member = (key: string, value: fc.Arbitrary<string>): fc.Arbitrary<Member> =>
  value.map((text) => ({ key: `"${key}"`, value: text }));

const optionalMember = fc.oneof(
  member('wrap_links', often(['false', 'null'], ['true'])),
  member('skip_affixes', flag),
  member('skip_duplicate_check', flag),
  member('skip_contact_validation', flag),
  member('skip_journey_check', flag),
);
const otherMember = fc
  .constantFrom(...OTHER_MEMBERS)
  .map((text) => ({ key: text.slice(0, text.indexOf(':')), value: text.slice(text.indexOf(':') + 1) }));

/** Members that a whole request shares, so that its rows are often of one list and one lane. */
const sharedMembers = fc.uniqueArray(
  fc.oneof(
    { weight: 4, arbitrary: member('list_number', often(OWN_LISTS, ODD_LISTS)) },
    { weight: 2, arbitrary: member('category', category) },
    { weight: 1, arbitrary: member('skip_rate_limit', flag) },
  ),
  { maxLength: 2, selector: ({ key }) => key },
);
/** Of a repeated key the last value counts. */
const repeated = fc
  .constantFrom('skip_rate_limit', 'wrap_links')
  .chain((key) => fc.array(member(key, fc.constantFrom('true', 'false')), { minLength: 2, maxLength: 2 }));
const ownMembers = fc.oneof(
  { weight: 60, arbitrary: fc.constant([]) },
  { weight: 30, arbitrary: fc.uniqueArray(optionalMember, { maxLength: 2, selector: ({ key }) => key }) },
  { weight: 1, arbitrary: fc.array(fc.oneof(optionalMember, otherMember, member('to', to), member('body', body))) },
  { weight: 1, arbitrary: sharedMembers },
  { weight: 6, arbitrary: repeated },
);

const row = (shared: readonly Member[]): fc.Arbitrary<string> =>
  fc
    .record({ to: member('to', to), body: member('body', body), own: ownMembers, gap: space, order: fc.nat() })
    .map((parts) => toObject(rotate([parts.to, parts.body, ...shared, ...parts.own], parts.order), parts.gap));

const anyRow = (shared: readonly Member[]): fc.Arbitrary<string> =>
  fc.oneof(
    { weight: 60, arbitrary: row(shared) },
    {
      weight: 1,
      arbitrary: fc.constantFrom('{}', '[]', 'null', '7', '"text"', '', '{"to":"+13125550142"}', '{"body":"a"}'),
    },
  );

function rotate<T>(items: readonly T[], by: number): T[] {
  const at = by % items.length;
  return [...items.slice(at), ...items.slice(0, at)];
}

function toObject(members: readonly Member[], gap: string): string {
  return `{${gap}${members.map(({ key, value }) => `${key}${gap}:${gap}${value}`).join(`${gap},${gap}`)}${gap}}`;
}

const defaultList = fc.oneof(
  {
    weight: 8,
    arbitrary: often(OWN_LISTS, [...ODD_LISTS, '{}']).map((text) => [{ key: '"list_number"', value: text }]),
  },
  { weight: 1, arbitrary: fc.constant([]) },
);
const topMembers = fc.oneof(
  { weight: 30, arbitrary: fc.constant([]) },
  {
    weight: 1,
    arbitrary: fc.constantFrom('1', 'null', deep(63), deep(64), '"\\u0000"').map((value) => [{ key: '"x"', value }]),
  },
  { weight: 1, arbitrary: fc.constantFrom('[]', 'null', '""', '{}').map((value) => [{ key: '"messages"', value }]) },
  {
    weight: 4,
    arbitrary: fc
      .constantFrom('"m\\u0065ssages"', '"messages2"', '"list_numbers"', '"list_number"')
      .map((key) => [{ key, value: '"24273"' }]),
  },
);

const goodForm: fc.Arbitrary<Buffer> = sharedMembers
  .chain((shared) =>
    fc.record({
      rows: fc.array(anyRow(shared), { minLength: 1, maxLength: 4 }),
      list: defaultList,
      top: topMembers,
      gap: space,
      order: fc.nat(),
      around: fc.tuple(often([''], ['\ufeff', ' ', '\n', 'x'], 60), often([''], [' ', '\n', 'x', '}', ',', '\0'], 60)),
    }),
  )
  .map(({ rows, list, top, gap, order, around: [before, behind] }) => {
    const messages = { key: '"messages"', value: `[${gap}${rows.join(`${gap},`)}${gap}]` };
    return Buffer.from(before + toObject(rotate([messages, ...list, ...top], order), gap) + behind);
  });

/** Changes of single bytes, and of stretches. */
const mutation = fc.record({
  kind: fc.constantFrom('flip', 'cut', 'remove', 'double', 'insert', 'overwrite'),
  at: fc.nat(),
  size: fc.integer({ min: 1, max: 12 }),
  byte: fc.oneof(fc.integer({ min: 0, max: 255 }), fc.constantFrom(...Buffer.from('"\\,:{}[]0\n '))),
});
type Mutation = typeof mutation extends fc.Arbitrary<infer T> ? T : never;

function mutate(bytes: Buffer, { kind, at, size, byte }: Mutation): Buffer {
  const start = at % Math.max(bytes.length, 1);
  const [before, middle, behind] = [
    bytes.subarray(0, start),
    bytes.subarray(start, start + size),
    bytes.subarray(start + size),
  ];
  const one = Buffer.from([byte]);
  if (kind === 'flip')
    return Buffer.concat([before, Buffer.from([(bytes[start] ?? 0) ^ (1 << (byte % 8))]), bytes.subarray(start + 1)]);
  if (kind === 'cut') return before;
  if (kind === 'remove') return Buffer.concat([before, behind]);
  if (kind === 'double') return Buffer.concat([before, middle, middle, behind]);
  if (kind === 'insert') return Buffer.concat([before, one, bytes.subarray(start)]);
  return Buffer.concat([before, one, bytes.subarray(start + 1)]);
}

const payload = fc
  .tuple(goodForm, fc.oneof(fc.constant([]), fc.array(mutation, { minLength: 1, maxLength: 2 })))
  .map(([bytes, mutations]) => mutations.reduce(mutate, bytes));

interface World {
  readonly post: (bytes: Buffer, raw: boolean, key: string) => Promise<Seen>;
  readonly judgeByJson: (bytes: Buffer, raw: boolean, key: string) => Promise<Seen>;
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
function createWorld(): World {
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
    async post(bytes, raw, secret) {
      const response = await fixture.app.inject({
        method: 'POST',
        url: raw ? '/api/v2/send-raw/bulk' : '/api/v2/send/bulk',
        headers: { 'x-api-key': secret, 'content-type': 'application/json' },
        payload: bytes,
      });
      return { status: response.statusCode, answer: response.json(), accepted: takeAccepted(accept) };
    },
    async judgeByJson(bytes, raw, secret) {
      const answer = await judgeByJson({ ...fixture.deps, accept: reference }, secret, { bytes, raw });
      return { ...answer, accepted: takeAccepted(reference) };
    },
    [Symbol.asyncDispose]: () => fixture[Symbol.asyncDispose](),
  };
}

async function judgeByJson(deps: HttpDeps, secret: string, { bytes, raw }: { bytes: Buffer; raw: boolean }) {
  try {
    const key = deps.directory.findKey(secret);
    const account = key === undefined ? undefined : deps.directory.account(key.accountId);
    if (key === undefined || account === undefined) throw new Error(`no key ${secret}`);
    const body = parseJsonObject(bytes);
    const sent = await sendBulk(deps, { key, account }, { body, raw, transaction: null });
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

test(`${RUNS} bulk bodies are judged alike as bytes and by JSON.parse`, async () => {
  await using world = createWorld();
  const secrets = often(['key', 'key', 'sandbox'], ['only-3', 'confirm'], 10);
  const statuses = new Map<number, number>();
  await fc.assert(
    fc.asyncProperty(payload, fc.boolean(), secrets, async (bytes, raw, secret) => {
      const seen = await world.post(bytes, raw, secret);
      expect(seen).toEqual(await world.judgeByJson(bytes, raw, secret));
      statuses.set(seen.status, (statuses.get(seen.status) ?? 0) + 1);
    }),
    { numRuns: RUNS },
  );
  // Neither road was the exception, and neither were refusals.
  expect(world.fastCount()).toBeGreaterThan(RUNS / 10);
  expect((statuses.get(201) ?? 0) - world.fastCount()).toBeGreaterThan(RUNS / 20);
  expect(statuses.get(400)).toBeGreaterThan(RUNS / 20);
}, 300_000);

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
  await using world = createWorld();
  const seen = await world.post(bytes, false, 'key');
  expect(seen).toEqual(await world.judgeByJson(bytes, false, 'key'));
  expect(world.fastCount()).toBe(fast);
});

test.each([
  ['skip_rate_limit', LANES.express],
  ['skip_duplicate_check', LANES.transactional],
  ['skip_contact_validation', LANES.transactional],
  ['skip_journey_check', LANES.transactional],
])('send-raw reads %s from the bytes', async (name, lane) => {
  await using world = createWorld();
  const seen = await world.post(rowWith(`"${name}":true`), true, 'key');
  expect(seen.accepted).toMatchObject([{ lane, message: { flags: FLAGS[name as keyof typeof FLAGS] } }]);
  expect(world.fastCount()).toBe(1);
});
