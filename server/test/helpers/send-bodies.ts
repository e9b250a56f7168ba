/* Bodies of sends as text: good ones, odd ones and damaged ones, for tests that compare readers of them. */
import * as fc from 'fast-check';

export const often = <T>(usual: readonly T[], rare: readonly T[], weight = 40): fc.Arbitrary<T> =>
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

/** What stands before and behind all. */
const around = fc.tuple(often([''], ['\ufeff', ' ', '\n', 'x'], 60), often([''], [' ', '\n', 'x', '}', ',', '\0'], 60));

const goodForm: fc.Arbitrary<Buffer> = sharedMembers
  .chain((shared) =>
    fc.record({
      rows: fc.array(anyRow(shared), { minLength: 1, maxLength: 4 }),
      list: defaultList,
      top: topMembers,
      gap: space,
      order: fc.nat(),
      around,
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

const damaged = (form: fc.Arbitrary<Buffer>): fc.Arbitrary<Buffer> =>
  fc
    .tuple(form, fc.oneof(fc.constant([]), fc.array(mutation, { minLength: 1, maxLength: 2 })))
    .map(([bytes, mutations]) => mutations.reduce(mutate, bytes));

/** Bodies of bulk requests, half of them with damaged bytes. */
export const bulkPayload = damaged(goodForm);

/** The same of single sends: a row that mostly has its list. */
export const onePayload = damaged(
  fc
    .tuple(defaultList, sharedMembers)
    .chain(([list, shared]) =>
      fc.tuple(anyRow([...list, ...shared.filter(({ key }) => key !== '"list_number"')]), around),
    )
    .map(([text, [before, behind]]) => Buffer.from(before + text + behind)),
);
