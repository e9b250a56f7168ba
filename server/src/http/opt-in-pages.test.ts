import { expect, test } from 'vitest';
import { createHttpFixture, type HttpFixture, NOW_MS } from '../../test/helpers/http-fixture.ts';
import type { HttpDeps } from './http-deps.ts';
import type { OptInPage, OptInPages, SubmitResult, Visitor } from '../opt-ins/index.ts';

const PAGE: OptInPage = {
  brandName: `<b>"Pets" & 'Co'</b>`,
  number: '+18445550111',
  consentText: 'I agree <script>',
  subscribePath: '/base/s/x',
  keyword: 'PETS',
};
const visitors: Visitor[] = [];

function fixtureOf(result: SubmitResult | null = 'subscribed', change: Partial<HttpDeps> = {}) {
  const optInPages: OptInPages = {
    page: async (token, visitor) => {
      visitors.push(visitor);
      return token === 'pn_x' ? PAGE : null;
    },
    submit: async () => result,
    follow: async (slug) => (slug === 'x' ? 'sms:+18445550111?body=START' : null),
    qrCode: (slug) => (slug === 'x' ? '<svg/>' : null),
  };
  return createHttpFixture({ ...change, optInPages });
}

const FORM = { 'content-type': 'application/x-www-form-urlencoded' };

test('the page is HTML in which nothing is run, and tells who looked', async () => {
  await using fixture = fixtureOf();
  const answer = await fixture.app.inject({ url: '/optin/page/pn_x', headers: { 'user-agent': 'Browser/1' } });
  expect([answer.statusCode, answer.headers['content-type']]).toEqual([200, 'text/html; charset=utf-8']);
  expect(answer.headers['content-security-policy']).toContain("default-src 'none'");
  expect(answer.headers).toMatchObject({ 'x-content-type-options': 'nosniff', 'referrer-policy': 'no-referrer' });
  expect(answer.body).not.toMatch(/<b>|<script>/);
  expect(answer.body).toContain('<form method="post">');
  expect(answer.body).toContain('<img src="/base/s/x/qr.svg"');
  expect(visitors.at(-1)).toEqual({ ipAddress: '127.0.0.1', userAgent: 'Browser/1' });
});

test.each([
  ['subscribed', 200, 'You are subscribed'],
  ['pending_confirmation', 200, 'reply YES'],
  ['still_unsubscribed', 200, 'Text PETS to +18445550111'],
  ['invalid_phone', 400, 'no phone number'],
] as const)('a sent form can end as %s', async (result, status, text) => {
  await using fixture = fixtureOf(result);
  const payload = 'phone=3125550142&consent=yes';
  const answer = await fixture.app.inject({ method: 'POST', url: '/optin/page/pn_x', headers: FORM, payload });
  expect(answer.statusCode).toBe(status);
  expect(answer.body).toContain(text);
  expect(answer.body.includes('<form')).toBe(status === 400);
});

const post = async (fixture: HttpFixture, url: string, payload: string, headers: Record<string, string> = FORM) =>
  await fixture.app.inject({ method: 'POST', url, headers, payload });

test('what was wrong is said beside its field, and what was typed stays', async () => {
  await using fixture = fixtureOf('invalid_phone');
  const phone = await post(fixture, '/optin/page/pn_x', 'phone=%22%3E312&consent=yes');
  expect(phone.body).toContain('value="&#34;&#62;312" required autocomplete="tel" maxlength="40" aria-invalid="true"');
  expect(phone.body).toContain('<title>Error: ');
  const consent = await post(fixture, '/optin/page/pn_x', 'phone=3125550142');
  expect(consent.statusCode).toBe(400);
  expect(consent.body).toContain('value="3125550142"');
  expect(consent.body).toMatch(/name="consent" value="yes" required aria-invalid="true" aria-describedby="error"/);
  expect(consent.body).toContain('Please tick the box');
});

test.each([
  ['in another form', '/optin/page/pn_x', '{}', { 'content-type': 'application/json' }, 415],
  ['without a form', '/optin/page/pn_x', '', {}, 415],
  ['too large', '/optin/page/pn_x', `phone=${'1'.repeat(5_000)}&consent=yes`, FORM, 413],
  ['for no page', '/optin/page/pn_y', 'phone=3125550142&consent=yes', FORM, 404],
] as const)('%s nothing is taken, and the answer is a page', async (_what, url, payload, headers, status) => {
  await using fixture = fixtureOf();
  const answer = await post(fixture, url, payload, headers);
  expect([answer.statusCode, answer.headers['content-type']]).toEqual([status, 'text/html; charset=utf-8']);
  expect(fixture.reported).toEqual([]);
});

test('while the database is away people are asked to try again', async () => {
  await using fixture = fixtureOf();
  fixture.deps.optInPages.submit = () =>
    Promise.reject(Object.assign(new Error('connect ECONNREFUSED'), { code: 'ECONNREFUSED' }));
  const answer = await post(fixture, '/optin/page/pn_x', 'phone=3125550142&consent=yes');
  expect([answer.statusCode, answer.headers['retry-after']]).toEqual([503, '5']);
  expect(answer.body).toContain('You are not subscribed yet');
  expect(fixture.reported).toHaveLength(1);
});

test('one address sends thirty forms and looks three hundred times a minute', async () => {
  let nowMs = NOW_MS - (NOW_MS % 60_000);
  await using fixture = fixtureOf('subscribed', { clock: () => nowMs });
  const form = () => post(fixture, '/optin/page/pn_x', 'phone=3125550142&consent=yes');
  for (let n = 0; n < 30; n++) expect((await form()).statusCode).toBe(200);
  const refused = await form();
  expect([refused.statusCode, refused.headers['retry-after']]).toEqual([429, '60']);
  expect(refused.headers['content-type']).toBe('text/html; charset=utf-8');
  for (let n = 0; n < 300; n++) {
    const url = ['/optin/page/pn_x', '/s/x', '/s/x/qr.svg'][n % 3] ?? '';
    expect((await fixture.app.inject({ url })).statusCode).not.toBe(429);
  }
  for (const url of ['/optin/page/pn_x', '/s/x', '/s/x/qr.svg']) {
    expect((await fixture.app.inject({ url })).statusCode).toBe(429);
  }
  nowMs += 60_000;
  expect((await form()).statusCode).toBe(200);
  expect((await fixture.app.inject({ url: '/s/x' })).statusCode).toBe(302);
});

test.each([
  ['no proxy is trusted', [], '198.51.100.9', '127.0.0.1'],
  ['the proxy is trusted', ['127.0.0.0/8'], '198.51.100.9', '198.51.100.9'],
  ['the proxy is trusted, and what it was told before is not', ['127.0.0.0/8'], '10.0.0.1, 192.0.2.7', '192.0.2.7'],
  ['a trusted proxy forwards what is no address', ['127.0.0.0/8'], 'unknown', null],
] as const)('the evidence names the client when %s', async (_what, trustedProxies, forwarded, ipAddress) => {
  const config = { publicUrl: 'https://sms.example', corsOrigins: [], trustedProxies };
  await using fixture = fixtureOf('subscribed', { config });
  await fixture.app.inject({ url: '/optin/page/pn_x', headers: { 'x-forwarded-for': forwarded } });
  expect(visitors.at(-1)).toMatchObject({ ipAddress });
});

test('a subscribe link leads on, and has a code', async () => {
  await using fixture = fixtureOf();
  const answer = await fixture.app.inject({ url: '/s/x' });
  expect([answer.statusCode, answer.headers.location]).toEqual([302, 'sms:+18445550111?body=START']);
  const code = await fixture.app.inject({ url: '/s/x/qr.svg' });
  expect([code.statusCode, code.headers['content-type'], code.body]).toEqual([
    200,
    'image/svg+xml; charset=utf-8',
    '<svg/>',
  ]);
  expect((await fixture.app.inject({ url: '/s/y' })).statusCode).toBe(404);
  expect((await fixture.app.inject({ url: '/s/y/qr.svg' })).statusCode).toBe(404);
});
