import fastify from 'fastify';
import { afterEach, beforeEach, expect, test } from 'vitest';
import { addRedirects } from '../../src/redirector/add-redirects.ts';
import { closeHealthy, createPipelineRig, type PipelineRig } from '../helpers/pipeline-rig.ts';

let rig: PipelineRig;

beforeEach(async () => {
  rig = await createPipelineRig();
});
afterEach(() => closeHealthy(rig));

const TO = '+13125550142';

async function deliver(message: Readonly<Record<string, unknown>>): ReturnType<PipelineRig['get']> {
  const [id = ''] = await rig.send({ to: TO, ...message });
  await rig.drain();
  return await rig.get(id);
}

/** What the handset shows. */
function lastText(): string | undefined {
  return rig.simulator.store.conversation(TO, 1, null)[0]?.body;
}

const DATA = { first_name: 'Ann', last_name: '{{brand_name}}', custom_fields: { order: 4471, vip: true, first: 'no' } };

test.each([
  ['{{first_name}} {{last_name}}', 'Ann {{brand_name}}'],
  ['{{ first_name }}|{{First_name}}|', 'Ann||'],
  ['{{custom_fields.order}} {{order}} {{vip}}', '4471 4471 true'],
  ['[{{unknown}}{{custom_fields.unknown}}{{}}]', '[]'],
  ['{{brand_name}}', 'Demo'],
  ['{{link1}} {{link99}}', '{{link1}} {{link99}}'],
  ['{{first_name}', '{{first_name}'],
  ['[{{constructor}}{{custom_fields.__proto__}}]', '[]'],
])('%s becomes %s', async (body, text) => {
  expect(await deliver({ body, contact_data: DATA })).toMatchObject({ template: body, body: text, state: 'delivered' });
  expect(lastText()).toBe(text);
});

test('the message id is the one that the answer gave', async () => {
  const message = await deliver({ body: '{{messageId}} {{sendId}}' });
  expect(message.body).toBe(`${message.id} ${message.id}`);
});

test('names and fields come from the message, then the list contact, then the contact', async () => {
  await rig.addContact(TO, {
    first_name: 'Stored',
    last_name: 'Last',
    custom_fields: { first_name: 'Field', city: 'Graz', size: 42 },
  });
  const body = '{{first_name}} {{last_name}} {{city}} {{custom_fields.size}}';
  expect((await deliver({ body })).body).toBe('Field Last Graz 42');
  expect((await deliver({ body, contact_data: { first_name: 'Own', custom_fields: { city: 'Linz' } } })).body).toBe(
    'Own Last Linz 42',
  );
});

test('affixes go around marketing texts of US lists, those of the list before those of the account', async () => {
  expect((await deliver({ body: 'Sale!', category: 'marketing' })).body).toBe(
    'Demo: Sale! Reply stop to stop. Help for help.',
  );
  expect((await deliver({ body: 'Receipt' })).body).toBe('Receipt');
  expect((await deliver({ body: 'Bare', category: 'marketing', skip_affixes: true })).body).toBe('Bare');
  await rig.setListSettings(1, { prepend: '<{{first_name}}> ' });
  await rig.setAccountSettings({ append: ' Bye' });
  const contact_data = { first_name: 'Ann' };
  expect((await deliver({ body: 'Sale 2', category: 'marketing', contact_data })).body).toBe('<Ann> Sale 2 Bye');
});

test('the list decides which messages get affixes', async () => {
  await rig.setListSettings(1, { affixes: 'all' });
  expect((await deliver({ body: 'Receipt' })).body).toBe('Demo: Receipt Reply stop to stop. Help for help.');
  await rig.setListSettings(1, { affixes: 'none' });
  expect((await deliver({ body: 'Sale', category: 'marketing' })).body).toBe('Sale');
});

test('a list outside the US sends the raw text', async () => {
  await rig.addList('+436601234567');
  const message = { body: 'Angebot', category: 'marketing', list_number: '+436601234567' };
  expect((await deliver(message)).body).toBe('Angebot');
});

test('smart encoding replaces only when the whole text fits GSM-7 then', async () => {
  expect(await deliver({ body: '“Hi” – it’s' })).toMatchObject({ encoding: 'UCS-2', body: '“Hi” – it’s' });
  await rig.setListSettings(1, { smart_encoding: true });
  expect(await deliver({ body: '“Hi” – it’s…' })).toMatchObject({ encoding: 'GSM-7', body: '"Hi" - it\'s...' });
  expect(await deliver({ body: '“Hi” ж' })).toMatchObject({ encoding: 'UCS-2', body: '“Hi” ж' });
});

test('characters and parts are those of the final text', async () => {
  expect(await deliver({ body: `${'a'.repeat(152)}€${'a'.repeat(152)}` })).toMatchObject({
    encoding: 'GSM-7',
    characters: 306,
    segments: 3,
    cost: { amount: 0.0135, currency: 'USD' },
  });
});

test('wrapped links lead to where they were written for, on the shortener domain only', async () => {
  await rig.setListSettings(1, { shortener_domain: 'go.example' });
  const contact_data = { custom_fields: { order: 7 } };
  const body = 'A https://shop.example/t/{{order}}, b http://b.example/?q=1! c https://go.example/kept';
  const message = await deliver({ body, wrap_links: true, contact_data });
  expect(message.links.map((link) => link.destination_url)).toEqual([
    'https://shop.example/t/7',
    'http://b.example/?q=1',
  ]);
  const [first = '', second = ''] = message.links.map((link) => link.short_url ?? '');
  expect(message.body).toBe(`A ${first}, b ${second}! c https://go.example/kept`);
  expect(first).toMatch(/^https:\/\/go\.example\/[0-9A-Za-z]{7}$/);

  const app = fastify();
  addRedirects(app, rig);
  for (const [url, host, status, location] of [
    [first, 'go.example', 302, 'https://shop.example/t/7'],
    [second, 'GO.example:8080', 302, 'http://b.example/?q=1'],
    [first, 'api.example', 404, undefined],
    [`https://go.example/${rig.linkIds.encode(999_999)}`, 'go.example', 404, undefined],
  ] as const) {
    const answer = await app.inject({ method: 'GET', url: new URL(url).pathname, headers: { host } });
    expect([answer.statusCode, answer.headers.location]).toEqual([status, location]);
  }
  await app.close();
});

test('links of a batch are one range, and messages that are dropped have none that lead anywhere', async () => {
  await rig.setListSettings(1, { shortener_domain: 'go.example' });
  const link = { wrap_links: true, body: 'https://a.example/{{n}}' };
  const ids = await rig.send(
    ...[1, 2, 3, 2].map((n) => ({ ...link, to: TO, contact_data: { custom_fields: { n } } })),
    { ...link, to: TO, body: 'bitcoin https://a.example/5' },
  );
  await rig.drain();
  expect(await rig.count('select count(*) from link_range')).toBe(1);
  const views = await Promise.all(ids.map((id) => rig.get(id)));
  expect(views.map((view) => view.links.map(({ destination_url }) => destination_url))).toEqual([
    ['https://a.example/1'],
    ['https://a.example/2'],
    ['https://a.example/3'],
    [],
    [],
  ]);
});
