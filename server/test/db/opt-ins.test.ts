import { afterEach, beforeEach, describe, expect, test } from 'vitest';
import { HOUR_MS, MINUTE_MS } from '../../src/lib/clock.ts';
import { createOptInPages, takeOptIn } from '../../src/opt-ins/index.ts';
import { SOURCES } from '../../src/pipeline/index.ts';
import { createOutbox } from '../../src/webhooks/index.ts';
import { closeHealthy, createPipelineRig, DEMO_NUMBER, type PipelineRig } from '../helpers/pipeline-rig.ts';

const PHONE = '+13125550142';
const CONFIRM = 'Reply YES to get texts from Demo.';
let rig: PipelineRig;
let deps: Parameters<typeof createOptInPages>[0];

beforeEach(async () => {
  rig = await createPipelineRig();
  deps = {
    ...rig,
    outbox: createOutbox(rig),
    publicUrl: 'https://sms.example',
    onError: (error) => rig.errors.push(error),
  };
});
afterEach(() => closeHealthy(rig));

const take = (body: Readonly<Record<string, unknown>>) => takeOptIn(deps, rig.caller, { body, transaction: null });
const optIn = (more: Readonly<Record<string, unknown>> = {}) =>
  take({ phone_number: PHONE, list_number: DEMO_NUMBER, ...more });

async function contact() {
  const { rows } = await rig.pool.query(
    `select c.active, c.signup_method as method, c.signup_ms as "signupMs", c.custom_fields as fields, a.first_name as "firstName", a.email
     from list_contact c left join account_contact a using (phone) where c.phone = $1`,
    [PHONE.slice(1)],
  );
  return rows[0];
}

async function consents() {
  const { rows } = await rig.pool.query(
    'select id, kind, source, ip_address as "ipAddress", user_agent as "userAgent", url, text, actor, keyword from consent order by seq',
  );
  return rows;
}

async function asks(): Promise<number> {
  await rig.drain();
  return await rig.count('select count(*) from message where source = $1 and template = $2', [SOURCES.system, CONFIRM]);
}

describe('an opt-in of a form', () => {
  test('subscribes, with its evidence', async () => {
    const consentedAt = new Date(rig.clock() - HOUR_MS).toISOString();
    const answer = await optIn({
      phone_number: '(312) 555-0142',
      consent_text: 'I agree',
      url: 'https://nwp.example/join',
      ip_address: '2001:db8::1',
      user_agent: 'Form/1',
      form_id: 'footer',
      consented_at: consentedAt,
      first_name: 'Zoe',
      email: 'zoe@nwp.example',
      custom_fields: { tier: 'silver' },
    });
    expect(answer).toEqual({
      success: true,
      consent_id: expect.stringMatching(/^[0-9a-f]{24}$/),
      contact_id: expect.stringMatching(/^[0-9a-f]{24}$/),
      list_contact_id: expect.stringMatching(/^[0-9a-f]{24}$/),
      status: 'subscribed',
    });
    expect(await contact()).toEqual({
      active: true,
      method: 'optin',
      signupMs: Date.parse(consentedAt),
      fields: { tier: 'silver' },
      firstName: 'Zoe',
      email: 'zoe@nwp.example',
    });
    expect(await consents()).toMatchObject([
      {
        id: answer.consent_id,
        kind: 'opt_in',
        source: 'optin:footer',
        ipAddress: '2001:db8::1',
        userAgent: 'Form/1',
        url: 'https://nwp.example/join',
        text: 'I agree',
        actor: `key:${rig.caller.key.id}`,
      },
    ]);
  });

  test('finds its list by either form of its id', async () => {
    for (const list_id of [1, rig.directory.list(1)?.v1Id]) {
      expect(await take({ phone_number: PHONE, list_id })).toMatchObject({ status: 'subscribed' });
    }
  });

  test('an opt-out holds against a consent that is older', async () => {
    await rig.addContact(PHONE, { active: false, reason: 'message', unsubscribed_ms: rig.clock() - HOUR_MS });
    const old = new Date(rig.clock() - 2 * HOUR_MS).toISOString();
    expect(await optIn({ consented_at: old })).toMatchObject({ status: 'still_unsubscribed' });
    expect(await optIn({ consented_at: old, double_opt_in: true })).toMatchObject({ status: 'still_unsubscribed' });
    expect(await asks()).toBe(0);
    expect(await optIn()).toMatchObject({ status: 'subscribed' });
    expect((await consents()).at(-1)).toMatchObject({ kind: 'resubscribe' });
  });

  test('waits for a YES where the list or the form wants it, and asks once in ten minutes', async () => {
    await rig.setListSettings(1, { double_opt_in: true });
    const first = await optIn({ consent_text: 'I agree', ip_address: '192.0.2.7', custom_fields: { tier: 'gold' } });
    expect(first).toMatchObject({
      status: 'pending_confirmation',
      consent_id: expect.stringMatching(/^[0-9a-f]{24}$/),
    });
    expect(
      await optIn({ consent_text: 'I agree', ip_address: '192.0.2.7', custom_fields: { tier: 'gold' } }),
    ).toMatchObject({ status: 'pending_confirmation' });
    expect(await asks()).toBe(1);
    expect(await contact()).toMatchObject({ active: false });
    const inbound = [{ id: 'in', from: PHONE, to: DEMO_NUMBER, text: 'Yes!', atMs: rig.clock() }];
    await rig.onEvents({ listId: 1, reports: [], inbound });
    await rig.drain();
    expect(await contact()).toMatchObject({ active: true, method: 'optin', fields: { tier: 'gold' } });
    expect((await consents()).at(-1)).toMatchObject({
      kind: 'opt_in',
      ipAddress: '192.0.2.7',
      text: 'Yes!',
      keyword: 'YES',
    });
    expect(await optIn()).toMatchObject({ status: 'subscribed' });
    expect(await optIn({ double_opt_in: false })).toMatchObject({ status: 'subscribed' });
  });

  test('asks three times at the most until the question is forgotten', async () => {
    await rig.setListSettings(1, { double_opt_in: true });
    for (let n = 0; n < 5; n++) {
      expect(await optIn()).toMatchObject({ status: 'pending_confirmation' });
      rig.advance(10 * MINUTE_MS);
    }
    expect(await asks()).toBe(3);
    rig.advance(72 * HOUR_MS);
    await optIn();
    expect(await asks()).toBe(4);
  });

  test.each([
    ['missing_phone_number', {}],
    ['missing_phone_number', { phone_number: '', list_id: 1 }],
    ['missing_list_identifier', { phone_number: PHONE }],
    ['missing_list_identifier', { phone_number: '12', list_number: '', list_id: null }],
    ['invalid_phone', { phone_number: '555-0142', list_id: 1 }],
    ['invalid_phone', { phone_number: 13125550142, list_id: 1 }],
    ['invalid_list_number', { phone_number: PHONE, list_number: 'pets' }],
    ['invalid_list_id', { phone_number: PHONE, list_id: 'pets' }],
    ['invalid_list_id', { phone_number: PHONE, list_id: 1.5 }],
    ['invalid_list_id', { phone_number: PHONE, list_id: '1' }],
    ['invalid_list_id', { phone_number: PHONE, list_id: 0 }],
    ['invalid_list_id', { phone_number: PHONE, list_id: 2 ** 31 }],
    ['invalid_list_id', { phone_number: PHONE, list_id: 'pn_0' }],
    ['invalid_phone', { phone_number: '+13125550142000000', list_id: 1 }],
    ['invalid_consent_text', { phone_number: PHONE, list_id: 1, consent_text: 'a'.repeat(2_001) }],
    ['invalid_url', { phone_number: PHONE, list_id: 1, url: 'nwp.example' }],
    ['invalid_ip_address', { phone_number: PHONE, list_id: 1, ip_address: '1.2.3' }],
    ['invalid_user_agent', { phone_number: PHONE, list_id: 1, user_agent: 5 }],
    ['invalid_form_id', { phone_number: PHONE, list_id: 1, form_id: {} }],
    ['invalid_consented_at', { phone_number: PHONE, list_id: 1, consented_at: 'yesterday' }],
    ['invalid_consented_at', { phone_number: PHONE, list_id: 1, consented_at: '2999-01-01' }],
    ['invalid_first_name', { phone_number: PHONE, list_id: 1, first_name: 'a'.repeat(256) }],
    ['invalid_last_name', { phone_number: PHONE, list_id: 1, last_name: 1 }],
    ['invalid_email', { phone_number: PHONE, list_id: 1, email: 'zoe' }],
    ['invalid_custom_fields', { phone_number: PHONE, list_id: 1, custom_fields: [] }],
    ['invalid_double_opt_in', { phone_number: PHONE, list_id: 1, double_opt_in: 'yes' }],
    ['list_not_found', { phone_number: PHONE, list_number: '+18445550999' }],
    ['list_not_found', { phone_number: PHONE, list_id: 999 }],
    ['list_not_found', { phone_number: PHONE, list_id: 'pn_0000000000000000' }],
  ])('answers %s to %j', async (code, body) => {
    await expect(take(body)).rejects.toMatchObject({ code });
    expect(await consents()).toEqual([]);
  });

  test('a list of another account is not found', async () => {
    const { account } = await rig.addAccount('Other');
    const id = await rig.addList('+18445550199', account.id);
    await expect(take({ phone_number: PHONE, list_id: id })).rejects.toMatchObject({ code: 'list_not_found' });
  });
});

describe('hosted pages', () => {
  const VISITOR = { ipAddress: '192.0.2.7', userAgent: 'Mozilla/5.0 (Windows NT 10.0)' };
  const PHONE_VISITOR = { ipAddress: '192.0.2.8', userAgent: 'Mozilla/5.0 (iPhone; CPU iPhone OS 18_0)' };
  const tokenOf = () => rig.directory.list(1)?.v1Id ?? '';

  test('show what is agreed to and write it down with the consent', async () => {
    const pages = createOptInPages(deps);
    const page = await pages.page(tokenOf(), VISITOR);
    expect(page).toMatchObject({
      brandName: 'Demo',
      number: DEMO_NUMBER,
      consentText: expect.stringContaining('from Demo'),
    });
    expect(await pages.submit(tokenOf(), { phone: '312' }, VISITOR)).toBe('invalid_phone');
    expect(await pages.submit(tokenOf(), { phone: '312-555-0142' }, VISITOR)).toBe('subscribed');
    expect(await consents()).toMatchObject([
      {
        kind: 'opt_in',
        source: 'optin:hosted_page',
        url: `https://sms.example/optin/page/${tokenOf()}`,
        text: page?.consentText,
        ...VISITOR,
      },
    ]);
    const { rows } = await rig.pool.query('select page, ip_address, configuration from opt_in_impression');
    expect(rows).toMatchObject([
      { page: 'hosted', ip_address: '192.0.2.7', configuration: { consentText: page?.consentText } },
    ]);
  });

  test('a subscribe link opens a text on a phone and the page elsewhere', async () => {
    await rig.setListSettings(1, { join_keywords: ['JOIN PETS'] });
    const pages = createOptInPages(deps);
    const slug = tokenOf().slice('pn_'.length);
    expect(await pages.follow(slug, PHONE_VISITOR)).toBe(`sms:${DEMO_NUMBER}&body=JOIN%20PETS`);
    expect(await pages.follow(slug, { ...PHONE_VISITOR, userAgent: 'Android Mobile' })).toBe(
      `sms:${DEMO_NUMBER}?body=JOIN%20PETS`,
    );
    expect(await pages.follow(slug, VISITOR)).toBe(`https://sms.example/optin/page/${tokenOf()}`);
    expect(await rig.count('select count(*) from opt_in_impression')).toBe(3);
    expect(pages.qrCode(slug)).toMatch(/^<\?xml [^>]*>[^]*<svg /);
  });

  test('are gone with their list or account', async () => {
    const pages = createOptInPages(deps);
    const token = tokenOf();
    await rig.setList(1, { status: 'deleted' });
    expect(await pages.page(token, VISITOR)).toBe(null);
    await rig.setList(1, { status: 'active' });
    await rig.setAccount({ status: 'suspended' });
    expect([
      await pages.page(token, VISITOR),
      await pages.submit(token, { phone: PHONE }, VISITOR),
      await pages.follow(token.slice(3), VISITOR),
      pages.qrCode(token.slice(3)),
    ]).toEqual([null, null, null, null]);
    expect([await pages.page('pn_0000000000000000', VISITOR), await pages.page('', VISITOR)]).toEqual([null, null]);
    await rig.setAccount({ status: 'active' });
  });
});
