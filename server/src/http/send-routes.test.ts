import { describe, expect, test } from 'vitest';
import {
  createHttpFixture,
  GOOD_SEND,
  type HttpFixture,
  NOW_MS,
  testAccount,
  testKey,
  testList,
} from '../../test/helpers/http-fixture.ts';
import { ERRORS, type ErrorCode } from '../lib/errors.ts';
import { LANES, SOURCES } from '../pipeline/batch.ts';

const HEADERS = { 'x-api-key': 'key', 'content-type': 'application/json' };
const DAY_MS = 86_400_000;

/** Lists of every kind beside the good one, and keys with a policy. */
function createWorld(): HttpFixture {
  const fixture = createHttpFixture();
  const { allLists, keys } = fixture.directory;
  const domains = { ...testList().settings, shortenerDomain: 'nwp.example' };
  allLists.push(
    testList({ id: 2, v1Id: 'pn_foreign000000000', number: '+18005552000', accountId: 'c'.repeat(24) }),
    testList({ id: 3, v1Id: 'pn_deleted000000000', number: '+18005553000', status: 'deleted' }),
    testList({ id: 4, v1Id: 'pn_unverified000000', number: '+18005554000', isByoc: true, verified: false }),
    testList({ id: 5, v1Id: 'pn_paused0000000000', number: '+18005555000', status: 'paused' }),
    testList({ id: 6, v1Id: 'pn_domain0000000000', number: '+18005556000', settings: domains }),
    testList({ id: 7, v1Id: 'pn_short00000000000', number: '24273' }),
  );
  keys.set('only-2', testKey({ allowedListIds: new Set([2]) }));
  keys.set('confirm', testKey({ requireConfirmation: true }));
  keys.set('sandbox', testKey({ sandbox: true }));
  return fixture;
}

async function post(fixture: HttpFixture, url: string, payload: unknown, key = 'key') {
  const response = await fixture.app.inject({
    method: 'POST',
    url,
    headers: { ...HEADERS, 'x-api-key': key },
    payload: JSON.stringify(payload),
  });
  return { status: response.statusCode, body: response.json<Record<string, unknown>>() };
}

interface Refusal {
  readonly name: string;
  readonly change: object;
  readonly code: ErrorCode;
  readonly key?: string;
}

const at = (offsetMs: number): string => new Date(NOW_MS + offsetMs).toISOString();
const bad = (name: string, change: object, code: ErrorCode, key?: string): Refusal =>
  key === undefined ? { name, change, code } : { name, change, code, key };

/** One field wrong at a time; the codes of messages.md in check order. */
const REFUSALS: readonly Refusal[] = [
  bad('no to', { to: undefined }, 'missing_to'),
  bad('to is null', { to: null }, 'missing_to'),
  bad('to is empty', { to: '' }, 'missing_to'),
  bad('no list_number', { list_number: undefined }, 'missing_list_number'),
  bad('list_number is empty', { list_number: '' }, 'missing_list_number'),
  bad('no body', { body: undefined }, 'missing_body'),
  bad('body is white space', { body: ' \n\t\u00a0' }, 'missing_body'),
  bad('to is a number', { to: 13125550142 }, 'invalid_phone'),
  bad('to without plus', { to: '13125550142' }, 'invalid_phone'),
  bad('to with spaces', { to: ' +13125550142' }, 'invalid_phone'),
  bad('to too short for its country', { to: '+1312555' }, 'invalid_phone'),
  bad('to with U+0000', { to: '+13125550142\u0000' }, 'invalid_phone'),
  bad('list_number of four digits', { list_number: '1234' }, 'invalid_list_number'),
  bad('list_number is an object', { list_number: {} }, 'invalid_list_number'),
  bad('body is a number', { body: 1 }, 'invalid_body'),
  bad('body is an array', { body: [] }, 'invalid_body'),
  bad('body with U+0000', { body: 'a\u0000' }, 'invalid_body'),
  bad('body with half a pair', { body: 'a\ud83d' }, 'invalid_body'),
  bad('wrap_links is 1', { wrap_links: 1 }, 'invalid_wrap_links'),
  bad('contact_data is an array', { contact_data: [] }, 'invalid_contact_data'),
  bad('first_name is a number', { contact_data: { first_name: 1 } }, 'invalid_contact_data'),
  bad('last_name of 256', { contact_data: { last_name: 'a'.repeat(256) } }, 'invalid_contact_data'),
  bad('first_name with U+0000', { contact_data: { first_name: '\u0000' } }, 'invalid_contact_data'),
  bad('an unknown zone', { contact_data: { timezone: 'Mars/Olympus' } }, 'invalid_contact_data'),
  bad('an offset as zone', { contact_data: { timezone: '+02:00' } }, 'invalid_contact_data'),
  bad('custom_fields is text', { contact_data: { custom_fields: 'a' } }, 'invalid_contact_data'),
  bad('a key with a space', { contact_data: { custom_fields: { 'a b': 1 } } }, 'invalid_contact_data'),
  bad('a key with a brace', { contact_data: { custom_fields: { '{a': 1 } } }, 'invalid_contact_data'),
  bad('a key of 65', { contact_data: { custom_fields: { ['a'.repeat(65)]: 1 } } }, 'invalid_contact_data'),
  bad('an empty key', { contact_data: { custom_fields: { '': 1 } } }, 'invalid_contact_data'),
  bad('a value that is an object', { contact_data: { custom_fields: { a: {} } } }, 'invalid_contact_data'),
  bad('a value of 1001', { contact_data: { custom_fields: { a: 'a'.repeat(1001) } } }, 'invalid_contact_data'),
  bad(
    '101 keys',
    { contact_data: { custom_fields: Object.fromEntries(Array.from({ length: 101 }, (_, i) => [`k${i}`, 1])) } },
    'invalid_contact_data',
  ),
  bad('metadata is text', { metadata: 'a' }, 'invalid_metadata'),
  bad('metadata is an array', { metadata: [] }, 'invalid_metadata'),
  bad('U+0000 deep in metadata', { metadata: { a: [{ b: '\u0000' }] } }, 'invalid_metadata'),
  bad('half a pair in a key of metadata', { metadata: { '\udc00': 1 } }, 'invalid_metadata'),
  bad('send_at is a number', { send_at: NOW_MS }, 'invalid_send_at'),
  bad('send_at is no time', { send_at: 'tomorrow' }, 'invalid_send_at'),
  bad('send_at over 35 days ahead', { send_at: at(35 * DAY_MS + 1) }, 'invalid_send_at'),
  bad('send_at over 5 minutes ago', { send_at: at(-300_001) }, 'invalid_send_at'),
  bad('an unknown category', { category: 'spam' }, 'invalid_category'),
  bad('category is a boolean', { category: true }, 'invalid_category'),
  bad('skip_affixes is text', { skip_affixes: 'true' }, 'invalid_skip_affixes'),
  bad('body of 1,601', { body: 'a'.repeat(1601) }, 'body_too_long'),
  bad('metadata of 4,097 bytes', { metadata: { a: 'a'.repeat(4089) } }, 'metadata_too_large'),
  bad('metadata of 4,097 bytes in UTF-8', { metadata: { a: `${'é'.repeat(2044)}a` } }, 'metadata_too_large'),
  bad('an unknown list', { list_number: '+18005559999' }, 'list_not_found'),
  bad('a foreign list', { list_number: '+18005552000' }, 'list_not_found'),
  bad('a deleted list', { list_number: '+18005553000' }, 'list_not_found'),
  bad('a list that the key may not use', {}, 'list_not_allowed', 'only-2'),
  bad('a key that needs confirmation', {}, 'confirmation_required', 'confirm'),
  bad('a list that is not verified', { list_number: '+18005554000' }, 'webhook_not_configured'),
  bad('a link without a domain', { wrap_links: true, body: 'see https://a.example' }, 'no_domain_configured'),
];

const SKIP_REFUSALS: readonly Refusal[] = [
  bad('skip_duplicate_check is 1', { skip_duplicate_check: 1 }, 'invalid_skip_duplicate_check'),
  bad('skip_rate_limit is text', { skip_rate_limit: 'no' }, 'invalid_skip_rate_limit'),
  bad('skip_contact_validation is an array', { skip_contact_validation: [] }, 'invalid_skip_contact_validation'),
  bad('skip_journey_check is 0', { skip_journey_check: 0 }, 'invalid_skip_journey_check'),
];

describe('a single send', () => {
  for (const url of ['/api/v2/send', '/api/v2/send-raw']) {
    test.each(REFUSALS)(`${url}: $name is $code`, async ({ change, code, key }) => {
      await using fixture = createWorld();
      const { status, body } = await post(fixture, url, { ...GOOD_SEND, ...change }, key);
      expect([status, body]).toEqual([ERRORS[code].status, { error: ERRORS[code].text, code }]);
      expect(fixture.accept.calls).toEqual([]);
    });
  }

  test.each(SKIP_REFUSALS)('/api/v2/send-raw: $name is $code', async ({ change, code }) => {
    await using fixture = createWorld();
    expect((await post(fixture, '/api/v2/send-raw', { ...GOOD_SEND, ...change })).body).toMatchObject({ code });
    expect((await post(fixture, '/api/v2/send', { ...GOOD_SEND, ...change })).status).toBe(201);
  });

  test('of two wrong things the one that is checked first answers', async () => {
    await using fixture = createWorld();
    const limits = REFUSALS.findIndex(({ code }) => code === 'body_too_long');
    const order = [...REFUSALS.slice(0, limits), ...SKIP_REFUSALS, ...REFUSALS.slice(limits)].filter(
      ({ key }) => key === undefined,
    );
    const pairs = order.flatMap((earlier, i) =>
      order
        .slice(i + 1)
        .map((later) => ({ earlier, later }))
        .filter(({ later }) => !shareField(earlier.change, later.change)),
    );
    const messages = pairs.map(({ earlier, later }) => ({ ...GOOD_SEND, ...later.change, ...earlier.change }));
    for (let i = 0; i < messages.length; i += 1000) {
      const { body } = await post(fixture, '/api/v2/send-raw/bulk', { messages: messages.slice(i, i + 1000) });
      const codes = (body['errors'] as { code: string }[]).map(({ code }) => code);
      expect(codes).toEqual(pairs.slice(i, i + 1000).map(({ earlier }) => earlier.code));
    }
    expect(messages.length).toBeGreaterThan(800);
  });

  test('policies of the key come after the list and before its state', async () => {
    await using fixture = createWorld();
    fixture.directory.keys.set('both', testKey({ requireConfirmation: true, allowedListIds: new Set([4]) }));
    const codeOf = async (list_number: string) =>
      (await post(fixture, '/api/v2/send', { ...GOOD_SEND, list_number }, 'both')).body['code'];
    expect(await codeOf('+18005552000')).toBe('list_not_found');
    expect(await codeOf('+18005551000')).toBe('list_not_allowed');
    expect(await codeOf('+18005554000')).toBe('confirmation_required');
  });

  test.each([
    [
      'null for what is optional',
      { wrap_links: null, contact_data: null, metadata: null, send_at: null, category: null, skip_affixes: null },
    ],
    [
      'null inside contact_data',
      { contact_data: { first_name: null, last_name: null, custom_fields: null, timezone: null } },
    ],
    ['unknown fields', { nonsense: { a: '\u0000' }, success: 1 }],
    ['a body of 1,600', { body: 'a'.repeat(1600) }],
    ['metadata of 4,096 bytes', { metadata: { a: 'a'.repeat(4088) } }],
    [
      '100 custom fields',
      {
        contact_data: {
          custom_fields: Object.fromEntries(Array.from({ length: 100 }, (_, i) => [`k-._${i}`, i % 2 === 0])),
        },
      },
    ],
    ['an alias of a zone', { contact_data: { timezone: 'US/Eastern' } }],
    ['send_at in 35 days', { send_at: at(35 * DAY_MS) }],
    ['send_at 5 minutes ago', { send_at: at(-300_000) }],
    ['a paused list', { list_number: '+18005555000' }],
    ['a short code', { list_number: '24273' }],
    ['wrap_links without a URL', { wrap_links: true, body: 'https:// nothing' }],
    [
      'wrap_links with a domain of the list',
      { wrap_links: true, body: 'https://a.example', list_number: '+18005556000' },
    ],
    ['an unassigned number', { to: '+15555555555' }],
  ])('%s is accepted', async (_name, change) => {
    await using fixture = createWorld();
    const { status, body } = await post(fixture, '/api/v2/send', { ...GOOD_SEND, ...change });
    expect(status).toBe(201);
    expect(body).toEqual({ success: true, message_id: fixture.deps.idCodec.encode(0), status: 'queued' });
  });

  test('a domain of the account allows links', async () => {
    await using fixture = createWorld();
    const settings = { ...testAccount().settings, shortenerDomain: 'nwp.example' };
    fixture.directory.accounts[0] = testAccount({ settings });
    expect((await post(fixture, '/api/v2/send', { ...GOOD_SEND, wrap_links: true, body: 'http://a.b' })).status).toBe(
      201,
    );
  });

  test('what is kept are the known fields that say something', async () => {
    await using fixture = createWorld();
    await post(fixture, '/api/v2/send-raw', {
      ...GOOD_SEND,
      body: 'say "é😀"',
      wrap_links: false,
      contact_data: { first_name: 'Zoë', nickname: 'z', custom_fields: { order: 4471 }, last_name: null },
      metadata: { a: [1, null] },
      send_at: at(60_000),
      category: 'marketing',
      skip_affixes: true,
      skip_journey_check: true,
      other: 1,
    });
    const [call] = fixture.accept.calls;
    expect(call).toMatchObject({ source: SOURCES.api, simulated: false });
    const [item] = call?.items ?? [];
    expect(item).toMatchObject({ listId: 1, lane: LANES.marketing, dueMs: NOW_MS + 60_000 });
    expect(JSON.parse(item?.json ?? '')).toEqual({
      to: GOOD_SEND.to,
      body: 'say "é😀"',
      contact_data: { first_name: 'Zoë', custom_fields: { order: 4471 } },
      metadata: { a: [1, null] },
      send_at: at(60_000),
      category: 'marketing',
      skip_affixes: true,
      skip_journey_check: true,
    });
  });

  test('a time that is past by a little means now', async () => {
    await using fixture = createWorld();
    await post(fixture, '/api/v2/send', { ...GOOD_SEND, send_at: at(-1_000) });
    expect(fixture.accept.calls[0]?.items[0]).toEqual({
      listId: 1,
      lane: LANES.transactional,
      dueMs: 0,
      json: `{"to":"${GOOD_SEND.to}","body":"Hello"}`,
    });
  });

  test('skip_rate_limit takes the express lane', async () => {
    await using fixture = createWorld();
    await post(fixture, '/api/v2/send-raw', { ...GOOD_SEND, skip_rate_limit: true, category: 'marketing' });
    expect(fixture.accept.calls[0]?.items[0]?.lane).toBe(LANES.express);
  });

  test('a sandbox key simulates', async () => {
    await using fixture = createWorld();
    const { body } = await post(fixture, '/api/v2/send', GOOD_SEND, 'sandbox');
    expect(body['message_id']).toMatch(/^sandbox_[0-9A-Za-z]{8}$/);
    expect(fixture.accept.calls[0]?.simulated).toBe(true);
  });

  test('of a repeated key the last one wins', async () => {
    await using fixture = createWorld();
    const payload = '{"to":"x","to":"+13125550142","list_number":"+18005551000","body":"a","body":"b"}';
    await fixture.app.inject({ method: 'POST', url: '/api/v2/send', headers: HEADERS, payload });
    expect(fixture.accept.calls[0]?.items[0]?.json).toBe('{"to":"+13125550142","body":"b"}');
  });
});

function shareField(a: object, b: object): boolean {
  return Object.keys(a).some((key) => key in b);
}

describe('a dry run', () => {
  test.each(REFUSALS.filter(({ code }) => code !== 'confirmation_required'))(
    '$name is $code',
    async ({ change, code, key }) => {
      await using fixture = createWorld();
      expect((await post(fixture, '/api/v2/preflight', { ...GOOD_SEND, ...change }, key)).body).toMatchObject({ code });
    },
  );

  test('needs no confirmation and accepts nothing', async () => {
    await using fixture = createWorld();
    expect((await post(fixture, '/api/v2/preflight', GOOD_SEND, 'confirm')).status).toBe(200);
    expect(fixture.accept.calls).toEqual([]);
  });
});

describe('a bulk send', () => {
  test.each([
    ['absent', {}, 'missing_messages'],
    ['null', { messages: null }, 'missing_messages'],
    ['empty', { messages: [] }, 'missing_messages'],
    ['text', { messages: 'a' }, 'invalid_messages'],
    ['an object', { messages: { 0: GOOD_SEND } }, 'invalid_messages'],
    ['1,001 rows', { messages: Array.from({ length: 1001 }, () => GOOD_SEND) }, 'too_many_messages'],
  ] as const)('messages: %s', async (_name, payload, code) => {
    await using fixture = createWorld();
    for (const url of ['/api/v2/send/bulk', '/api/v2/send-raw/bulk']) {
      const { status, body } = await post(fixture, url, payload);
      expect([status, body['code']]).toEqual([ERRORS[code].status, code]);
    }
    expect(fixture.accept.calls).toEqual([]);
  });

  test('each bad row tells its own code and the others are accepted together', async () => {
    await using fixture = createWorld();
    const refused = [...REFUSALS, ...SKIP_REFUSALS].filter(({ key }) => key === undefined);
    const rows = refused.flatMap(({ change }) => [{ ...GOOD_SEND, ...change }, GOOD_SEND]);
    const { status, body } = await post(fixture, '/api/v2/send-raw/bulk', { messages: [...rows, 'text', null, []] });
    expect(status).toBe(201);
    const invalid = ['invalid_message', 'invalid_message', 'invalid_message'] as const;
    const codes = [...refused.map(({ code }) => code), ...invalid];
    expect(body['errors']).toEqual(
      codes.map((code, i) => ({
        index: i < refused.length ? i * 2 : rows.length + i - refused.length,
        code,
        error: ERRORS[code].text,
      })),
    );
    expect([body['queued_count'], body['error_count']]).toEqual([refused.length, codes.length]);
    expect(fixture.accept.calls).toHaveLength(1);
    const ids = body['message_ids'] as (string | null)[];
    expect(ids.slice(0, 4)).toEqual([null, fixture.deps.idCodec.encode(0), null, fixture.deps.idCodec.encode(1)]);
    expect(ids).toHaveLength(rows.length + 3);
    expect(body).not.toHaveProperty('success');
  });

  test('rows without a list take the default', async () => {
    await using fixture = createWorld();
    const messages = [
      { to: GOOD_SEND.to, body: 'a' },
      { ...GOOD_SEND, list_number: '+18005552000' },
      { ...GOOD_SEND, list_number: '' },
    ];
    const good = await post(fixture, '/api/v2/send/bulk', { list_number: '+18005551000', messages });
    expect(good.body).toMatchObject({ queued_count: 2, errors: [{ index: 1, code: 'list_not_found' }] });
    const wrong = await post(fixture, '/api/v2/send/bulk', { list_number: 7, messages });
    expect(wrong.body).toMatchObject({
      queued_count: 0,
      errors: [{ code: 'invalid_list_number' }, {}, { code: 'invalid_list_number' }],
    });
  });

  test('a row may be refused by the policy of the key', async () => {
    await using fixture = createWorld();
    const { body } = await post(fixture, '/api/v2/send/bulk', { messages: [GOOD_SEND] }, 'only-2');
    expect(body).toMatchObject({
      queued_count: 0,
      error_count: 1,
      errors: [{ code: 'list_not_allowed' }],
      message_ids: [null],
    });
  });

  test('a key that needs confirmation is refused as a whole', async () => {
    await using fixture = createWorld();
    expect(await post(fixture, '/api/v2/send/bulk', { messages: [GOOD_SEND] }, 'confirm')).toMatchObject({
      status: 403,
      body: { code: 'confirmation_required' },
    });
  });

  test('1,000 rows are accepted', async () => {
    await using fixture = createWorld();
    const { body } = await post(fixture, '/api/v2/send/bulk', {
      messages: Array.from({ length: 1000 }, () => GOOD_SEND),
    });
    expect(body).toMatchObject({ queued_count: 1000, error_count: 0, errors: [] });
  });
});

describe('version 1', () => {
  const GOOD = { to_msisdn: '(312) 555-0142', body: 'Hello', from_phone_number_id: 'pn_7k2m9q4x1c8v5b3n' };

  test.each([
    ['no recipient', { to_msisdn: '' }, 400, 'missing_to', 'Recipient phone number (to_msisdn) is required'],
    ['no body', { body: ' ' }, 400, 'missing_body', 'Message body is required'],
    [
      'no sender',
      { from_phone_number_id: null },
      400,
      'missing_from',
      'Sending number ID (from_phone_number_id) is required',
    ],
    ['a number that is none', { to_msisdn: '5550142' }, 400, 'invalid_phone', 'Invalid phone number format'],
    ['a number as number', { to_msisdn: 13125550142 }, 400, 'invalid_phone', 'Invalid phone number format'],
    ['body is an object', { body: {} }, 400, 'invalid_body', ERRORS.invalid_body.text],
    ['body of 1,601', { body: 'a'.repeat(1601) }, 400, 'body_too_long', ERRORS.body_too_long.text],
    ['metadata is text', { metadata: 'a' }, 400, 'invalid_metadata', ERRORS.invalid_metadata.text],
    [
      'metadata too large',
      { metadata: { a: 'a'.repeat(5000) } },
      413,
      'metadata_too_large',
      ERRORS.metadata_too_large.text,
    ],
    ['sender is a boolean', { from_phone_number_id: true }, 400, 'invalid_from', ERRORS.invalid_from.text],
    ['sender is a word', { from_phone_number_id: 'mine' }, 400, 'invalid_from', ERRORS.invalid_from.text],
    ['sender is 0', { from_phone_number_id: 0 }, 400, 'invalid_from', ERRORS.invalid_from.text],
    ['an unknown sender', { from_phone_number_id: 'pn_nothing' }, 404, 'list_not_found', 'Sending number not found'],
    ['a foreign sender', { from_phone_number_id: 2 }, 404, 'list_not_found', 'Sending number not found'],
    ['a deleted sender', { from_phone_number_id: 3 }, 404, 'list_not_found', 'Sending number not found'],
    ['a paused sender', { from_phone_number_id: 5 }, 404, 'list_not_found', 'Sending number not found'],
    [
      'a sender that is not verified',
      { from_phone_number_id: 4 },
      400,
      'webhook_not_configured',
      ERRORS.webhook_not_configured.text,
    ],
  ])('%s', async (_name, change, status, code, error) => {
    await using fixture = createWorld();
    const answer = await post(fixture, '/api/v1/messages', { ...GOOD, ...change });
    expect(answer).toEqual({ status, body: { error, code, deprecated: true } });
  });

  test('the policy of the key', async () => {
    await using fixture = createWorld();
    expect((await post(fixture, '/api/v1/messages', GOOD, 'only-2')).body).toMatchObject({
      code: 'list_not_allowed',
      deprecated: true,
    });
    expect((await post(fixture, '/api/v1/messages', GOOD, 'confirm')).body).toMatchObject({
      code: 'confirmation_required',
    });
    expect((await post(fixture, '/api/v1/messages/bulk', { ...GOOD, messages: [GOOD] }, 'confirm')).status).toBe(403);
  });

  test.each(['pn_7k2m9q4x1c8v5b3n', 1, '1', '+18005551000'])('the sender %j is found', async (sender) => {
    await using fixture = createWorld();
    const { status, body } = await post(fixture, '/api/v1/messages', { ...GOOD, from_phone_number_id: sender });
    const id = `msg_${fixture.deps.idCodec.encode(0)}`;
    expect([status, body]).toEqual([
      201,
      { message_id: id, id, status: 'queued', segments: 1, gsm7: true, deprecated: true },
    ]);
    expect(fixture.accept.calls).toEqual([
      {
        source: SOURCES.v1,
        simulated: false,
        items: [{ listId: 1, lane: LANES.transactional, dueMs: 0, json: '{"to":"+13125550142","body":"Hello"}' }],
      },
    ]);
  });

  test('a short code is found by its digits', async () => {
    await using fixture = createWorld();
    expect((await post(fixture, '/api/v1/messages', { ...GOOD, from_phone_number_id: '24273' })).status).toBe(201);
  });

  test('to is read when to_msisdn is empty', async () => {
    await using fixture = createWorld();
    await post(fixture, '/api/v1/messages', { ...GOOD, to_msisdn: '', to: '13125550143', metadata: { a: 1 } });
    expect(fixture.accept.calls[0]?.items[0]?.json).toBe('{"to":"+13125550143","body":"Hello","metadata":{"a":1}}');
  });

  test('segments are those of the text as it will be sent', async () => {
    await using fixture = createWorld();
    const list = testList({
      settings: { ...testList().settings, affixes: 'all', prepend: '{{brand_name}}: ', append: '' },
    });
    fixture.directory.allLists[0] = list;
    expect((await post(fixture, '/api/v1/messages', { ...GOOD, body: 'a'.repeat(154) })).body).toMatchObject({
      segments: 1,
      gsm7: true,
    });
    expect((await post(fixture, '/api/v1/messages', { ...GOOD, body: 'a'.repeat(155) })).body).toMatchObject({
      segments: 2,
      gsm7: true,
    });
    expect((await post(fixture, '/api/v1/messages', { ...GOOD, body: '😀' })).body).toMatchObject({
      segments: 1,
      gsm7: false,
    });
  });

  test('bulk rows have no code', async () => {
    await using fixture = createWorld();
    const messages = [
      GOOD,
      { to_msisdn: '5550142', body: 'a' },
      7,
      { to: '+13125550142', body: 'b' },
      { to: '+13125550142' },
    ];
    const { status, body } = await post(fixture, '/api/v1/messages/bulk', { from_phone_number_id: 1, messages });
    const [first, second] = [0, 1].map((n) => `msg_${fixture.deps.idCodec.encode(n)}`);
    expect([status, body]).toEqual([
      201,
      {
        queued_count: 2,
        error_count: 3,
        errors: [
          { index: 1, to_msisdn: '5550142', error: 'Invalid phone number format' },
          { index: 2, to_msisdn: null, error: 'A message must be an object' },
          { index: 4, to_msisdn: '+13125550142', error: 'Message body is required' },
        ],
        message_ids: [first, null, null, second, null],
        deprecated: true,
      },
    ]);
  });

  test.each([
    [{}, 400, 'missing_from'],
    [{ from_phone_number_id: 1 }, 400, 'missing_messages'],
    [{ from_phone_number_id: 1, messages: [] }, 400, 'missing_messages'],
    [{ from_phone_number_id: true, messages: 1 }, 400, 'invalid_from'],
    [{ from_phone_number_id: 9, messages: 1 }, 400, 'invalid_messages'],
    [{ from_phone_number_id: 9, messages: Array.from({ length: 1001 }, () => GOOD) }, 400, 'too_many_messages'],
    [{ from_phone_number_id: 9, messages: [GOOD] }, 404, 'list_not_found'],
    [{ from_phone_number_id: 4, messages: [GOOD] }, 400, 'webhook_not_configured'],
  ])('bulk request %#', async (payload, status, code) => {
    await using fixture = createWorld();
    const answer = await post(fixture, '/api/v1/messages/bulk', payload);
    expect([answer.status, answer.body['code'], answer.body['deprecated']]).toEqual([status, code, true]);
  });
});
