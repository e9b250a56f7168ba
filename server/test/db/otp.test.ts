import { afterAll, afterEach, beforeAll, beforeEach, describe, expect, test } from 'vitest';
import { sendOtp, verifyOtp, type OtpDeps } from '../../src/otp/index.ts';
import { purgeOtps } from '../../src/store/otp-store.ts';
import { createHttpFixture, type HttpFixture } from '../helpers/http-fixture.ts';
import { closeHealthy, createPipelineRig, DEMO_NUMBER, type PipelineRig } from '../helpers/pipeline-rig.ts';

const KEY = { 'x-api-key': 'trk_00000000000000000000000000000001' };
const PHONE = '+13125550142';
const SECOND_MS = 1_000;
const HOUR_MS = 3_600_000;

let rig: PipelineRig;
let http: HttpFixture;

async function open(): Promise<void> {
  rig = await createPipelineRig();
  const { pool, directory, accept, ids, clock } = rig;
  const deps: OtpDeps = { pool, directory, accept, idCodec: ids, clock, secretKey: Buffer.alloc(32, 5) };
  const plain = createHttpFixture();
  http = createHttpFixture({
    pool,
    directory,
    clock,
    verbs: {
      ...plain.deps.verbs,
      sendOtp: (caller, input) => sendOtp(deps, caller, input),
      verifyOtp: (caller, input) => verifyOtp(deps, caller, input),
    },
  });
  await plain[Symbol.asyncDispose]();
}

async function close(): Promise<void> {
  await http[Symbol.asyncDispose]();
  await closeHealthy(rig);
}

async function post(path: string, payload: object, headers: Record<string, string> = {}) {
  const response = await http.app.inject({
    method: 'POST',
    url: `/api/v2/otp/${path}`,
    headers: { ...KEY, ...headers },
    payload,
  });
  return { status: response.statusCode, headers: response.headers, json: response.json() };
}
const send = (change: object = {}, headers: Record<string, string> = {}) =>
  post('send', { to: PHONE, list_number: DEMO_NUMBER, ...change }, headers);
const verify = (body: object) => post('verify', body);

/** What the recipient's phone shows, newest last. */
async function received(phone = PHONE): Promise<string[]> {
  await rig.drain();
  return rig.simulator.store
    .conversation(phone, 100, null)
    .map(({ body }) => body)
    .toReversed();
}

async function lastCode(phone = PHONE): Promise<string> {
  const texts = await received(phone);
  return /[0-9]{4,10}$/.exec(texts.at(-1) ?? '')?.[0] ?? '';
}

const wrong = (code: string): string => code.replace(/^./, (digit) => String((Number(digit) + 1) % 10));

describe('errors', () => {
  beforeAll(open);
  afterAll(close);
  const good = { to: PHONE, list_number: DEMO_NUMBER };
  test.each<[string, object, number, string]>([
    ['send', { list_number: 5 }, 400, 'missing_to'],
    ['send', { to: 5 }, 400, 'missing_list_number'],
    ['send', { to: '3125550142', list_number: 'x' }, 400, 'invalid_phone'],
    ['send', { ...good, list_number: 'x' }, 400, 'invalid_list_number'],
    ['send', { ...good, template: 'no code' }, 400, 'invalid_template'],
    ['send', { ...good, template: '{{code}} {{ code }}' }, 400, 'invalid_template'],
    ['send', { ...good, template: `{{code}}${'x'.repeat(153)}` }, 400, 'invalid_template'],
    ['send', { ...good, template: '{{code}}\u0000' }, 400, 'invalid_template'],
    ['send', { ...good, code_length: 3 }, 400, 'invalid_code_length'],
    ['send', { ...good, code_length: 11 }, 400, 'invalid_code_length'],
    ['send', { ...good, code_length: '6' }, 400, 'invalid_code_length'],
    ['send', { ...good, ttl_seconds: 59 }, 400, 'invalid_ttl_seconds'],
    ['send', { ...good, ttl_seconds: 3_601 }, 400, 'invalid_ttl_seconds'],
    ['send', { ...good, max_attempts: 0 }, 400, 'invalid_max_attempts'],
    ['send', { ...good, max_attempts: 11 }, 400, 'invalid_max_attempts'],
    ['send', { ...good, metadata: [] }, 400, 'invalid_metadata'],
    ['send', { ...good, metadata: { a: 'x'.repeat(1_017) } }, 413, 'metadata_too_large'],
    ['send', { ...good, list_number: '+18005559999' }, 400, 'list_not_found'],
    ['verify', { code: 'x', to: PHONE }, 400, 'missing_otp_id'],
    ['verify', { otp_id: 'x', to: PHONE }, 400, 'missing_code'],
    ['verify', { otp_id: 'x', code: 'x' }, 400, 'invalid_otp_id'],
    ['verify', { to: 'x', list_number: 'x', code: 'x' }, 400, 'invalid_phone'],
    ['verify', { to: PHONE, list_number: 'x', code: 'x' }, 400, 'invalid_list_number'],
    ['verify', { ...good, code: 'x' }, 400, 'invalid_code'],
    ['verify', { ...good, code: 123_456 }, 400, 'invalid_code'],
    ['verify', { ...good, code: '123456' }, 404, 'otp_not_found'],
    ['verify', { ...good, list_number: '+18005559999', code: '123456' }, 404, 'otp_not_found'],
    ['verify', { otp_id: 'a'.repeat(24), code: '123456' }, 404, 'otp_not_found'],
  ])('%s %j', async (path, body, status, code) => {
    expect(await post(path, body)).toMatchObject({ status, json: { code } });
    expect(await rig.count('select count(*) from otp')).toBe(0);
    expect(await rig.count('select count(*) from outbound_batch')).toBe(0);
  });
});

describe('codes', () => {
  beforeEach(open);
  afterEach(close);

  test('what the key or the list does not allow', async () => {
    const refused = async (columns: string): Promise<unknown> => {
      await rig.pool.query(`update api_key set ${columns}`);
      await rig.directory.refresh();
      return (await send()).json.code;
    };
    expect(await refused(`require_confirmation = true`)).toBe('confirmation_required');
    expect(await refused(`require_confirmation = false, allowed_list_ids = '{}'`)).toBe('list_not_allowed');
    await rig.setList(1, { is_byoc: true, verified: false });
    expect(await refused('allowed_list_ids = null')).toBe('webhook_not_configured');
  });

  test('more than five within ten minutes are told when to come again, on any list, and other numbers are not', async () => {
    await rig.addList('+18005552000');
    for (let i = 0; i < 5; i++)
      expect((await send({ list_number: i < 3 ? DEMO_NUMBER : '+18005552000' })).status).toBe(201);
    const refused = await send();
    expect(refused).toMatchObject({ status: 429, json: { code: 'otp_rate_limited' } });
    const seconds = Number(refused.headers['retry-after']);
    expect(seconds).toBeGreaterThan(500);
    expect(seconds).toBeLessThanOrEqual(600);
    expect(await send({ to: '+13125550143' })).toMatchObject({ status: 201 });
    rig.advance(seconds * SECOND_MS);
    expect(await send()).toMatchObject({ status: 201 });
  });

  test('a code arrives, is shown nowhere else, and is right once', async () => {
    const sent = await send({ metadata: { session: 7 } });
    expect(sent).toMatchObject({
      status: 201,
      json: {
        success: true,
        otp_id: expect.stringMatching(/^[0-9a-f]{24}$/),
        message_id: expect.stringMatching(/^[0-9A-Za-z]{8}$/),
        status: 'queued',
        expires_at: expect.stringMatching(/^20.*Z$/),
      },
    });
    const [text] = await received();
    expect(text).toMatch(/^Demo: your code is [0-9]{6}$/);
    const code = await lastCode();
    const message = await rig.get(sent.json.message_id);
    expect(message).toMatchObject({
      body: 'Demo: your code is ******',
      template: '{{brand_name}}: your code is {{code}}',
      source: 'otp',
      category: 'transactional',
      state: 'delivered',
      metadata: { session: 7 },
    });
    expect(JSON.stringify(message)).not.toContain(code);
    expect(await rig.count(`select count(*) from otp where code_hash::text like '%' || $1 || '%'`, [code])).toBe(0);

    const { otp_id: otpId } = sent.json;
    const answers = [];
    for (const tried of [wrong(code), code, code, wrong(code)])
      answers.push((await verify({ otp_id: otpId, code: tried })).json);
    expect(answers).toEqual([
      { success: true, verified: false, status: 'pending', attempts_left: 4 },
      { success: true, verified: true, status: 'verified', attempts_left: 4 },
      { success: true, verified: false, status: 'used', attempts_left: 4 },
      { success: true, verified: false, status: 'used', attempts_left: 4 },
    ]);
  });

  test('a code can be as long as the sender likes, in a text of the sender', async () => {
    await send({ template: '{{ code }} for you', code_length: 10 });
    expect((await received()).at(-1)).toMatch(/^[0-9]{10} for you$/);
    await send({ template: '{{code}}', code_length: 4 });
    expect((await received()).at(-1)).toMatch(/^[0-9]{4}$/);
  });

  test('the newest code of a number on a list counts, and the older one ends', async () => {
    const first = await send();
    const old = await lastCode();
    await send();
    const place = { to: PHONE, list_number: DEMO_NUMBER };
    const code = await lastCode();
    expect((await verify({ otp_id: first.json.otp_id, code: old })).json).toMatchObject({
      verified: false,
      status: 'expired',
    });
    expect((await verify({ ...place, code })).json).toMatchObject({ verified: true, status: 'verified' });
  });

  test('a code of another list stays', async () => {
    await rig.addList('+18005552000');
    const first = await send();
    const code = await lastCode();
    await send({ list_number: '+18005552000' });
    expect((await verify({ otp_id: first.json.otp_id, code })).json).toMatchObject({ status: 'verified' });
  });

  test('wrong tries use the code up, and nothing opens it again', async () => {
    const { json } = await send({ max_attempts: 2 });
    const code = await lastCode();
    const tries = [wrong(code), wrong(code), code];
    const answers = [];
    for (const tried of tries) answers.push((await verify({ otp_id: json.otp_id, code: tried })).json);
    expect(answers).toMatchObject([
      { status: 'pending', attempts_left: 1 },
      { status: 'locked', attempts_left: 0 },
      { verified: false, status: 'locked', attempts_left: 0 },
    ]);
  });

  test('tries at the same moment are all counted, and the right code is taken once', async () => {
    const { json } = await send({ max_attempts: 10 });
    const code = await lastCode();
    await Promise.all(Array.from({ length: 6 }, () => verify({ otp_id: json.otp_id, code: wrong(code) })));
    const answers = await Promise.all(Array.from({ length: 4 }, () => verify({ otp_id: json.otp_id, code })));
    expect(answers.filter((answer) => answer.json.verified)).toHaveLength(1);
    expect(answers[0]?.json.attempts_left).toBe(4);
  });

  test('a code is too late after its time', async () => {
    const { json } = await send({ ttl_seconds: 60 });
    const code = await lastCode();
    rig.advance(60 * SECOND_MS);
    expect((await verify({ otp_id: json.otp_id, code })).json).toMatchObject({ verified: false, status: 'expired' });
  });

  test('the code of another account is not found', async () => {
    const { json } = await send();
    const code = await lastCode();
    const other = await rig.addAccount('Other');
    await rig.pool.query('update api_key set account_id = $1', [other.account.id]);
    await rig.directory.refresh();
    expect((await verify({ otp_id: json.otp_id, code })).json).toMatchObject({ code: 'otp_not_found' });
  });

  test('an opt-out holds for codes too, quiet hours and duplicates do not', async () => {
    await rig.addContact(PHONE, { active: false, reason: 'message' });
    const stopped = await send();
    await rig.drain();
    expect(await rig.get(stopped.json.message_id)).toMatchObject({
      state: 'dropped',
      status_detail: 'contact_blocked',
    });
    await rig.setListSettings(1, { quiet_hours: true, affixes: 'all', prepend: 'Before ' });
    for (let i = 0; i < 2; i++) await send({ to: '+13125550143' });
    const texts = await received('+13125550143');
    expect(texts).toHaveLength(2);
    expect(texts[0]).toMatch(/^Demo: your code is [0-9]{6}$/);
  });

  test('a sandbox key reaches no carrier', async () => {
    await rig.pool.query('update api_key set sandbox = true');
    await rig.directory.refresh();
    const { json } = await send();
    expect(json.message_id).toMatch(/^sandbox_[0-9A-Za-z]{8}$/);
    expect(await received()).toEqual([]);
    expect(await rig.get(json.message_id)).toMatchObject({ body: 'Demo: your code is ******', simulated: true });
  });

  test('a repeat with the same Idempotency-Key sends one code', async () => {
    const first = await send({}, { 'idempotency-key': 'once' });
    const second = await send({}, { 'idempotency-key': 'once' });
    expect(second).toMatchObject({ status: 201, json: first.json });
    expect(await received()).toHaveLength(1);
  });

  test('what is over is forgotten, also in the message', async () => {
    const { json } = await send();
    const code = await lastCode();
    rig.advance(25 * HOUR_MS);
    expect(await purgeOtps(rig.pool, rig.clock() - 25 * HOUR_MS)).toBe(0);
    expect(await purgeOtps(rig.pool, rig.clock())).toBe(1);
    expect(await rig.get(json.message_id)).toMatchObject({ body: 'Demo: your code is ******' });
    const { rows } = await rig.pool.query('select m::text as text from message m');
    expect(rows).toHaveLength(1);
    expect(rows[0].text).not.toContain(code);
  });
});
