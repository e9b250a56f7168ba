import { expect, test } from 'vitest';
import { createHttpFixture } from '../../test/helpers/http-fixture.ts';
import type { OptInPage, OptInPages, SubmitResult, Visitor } from '../opt-ins/index.ts';

const PAGE: OptInPage = {
  brandName: `<b>"Pets" & 'Co'</b>`,
  number: '+18445550111',
  consentText: 'I agree <script>',
  subscribeUrl: 'https://sms.example/s/x',
};
const visitors: Visitor[] = [];

function fixtureOf(result: SubmitResult | null = 'subscribed') {
  const optInPages: OptInPages = {
    page: async (token, visitor) => {
      visitors.push(visitor);
      return token === 'pn_x' ? PAGE : null;
    },
    submit: async () => result,
    follow: async (slug) => (slug === 'x' ? 'sms:+18445550111?body=START' : null),
    qrCode: (slug) => (slug === 'x' ? '<svg/>' : null),
  };
  return createHttpFixture({ optInPages });
}

const FORM = { 'content-type': 'application/x-www-form-urlencoded' };

test('the page is HTML in which nothing is run, and tells who looked', async () => {
  await using fixture = fixtureOf();
  const answer = await fixture.app.inject({ url: '/optin/page/pn_x', headers: { 'user-agent': 'Browser/1' } });
  expect([answer.statusCode, answer.headers['content-type']]).toEqual([200, 'text/html; charset=utf-8']);
  expect(answer.headers['content-security-policy']).toContain("default-src 'none'");
  expect(answer.body).not.toMatch(/<b>|<script>/);
  expect(answer.body).toContain('<form method="post">');
  expect(visitors.at(-1)).toEqual({ ipAddress: '127.0.0.1', userAgent: 'Browser/1' });
});

test.each([
  ['subscribed', 200, 'You are subscribed'],
  ['pending_confirmation', 200, 'reply YES'],
  ['still_unsubscribed', 200, 'has unsubscribed'],
  ['invalid_phone', 400, 'no phone number'],
] as const)('a sent form can end as %s', async (result, status, text) => {
  await using fixture = fixtureOf(result);
  const payload = 'phone=3125550142&consent=yes';
  const answer = await fixture.app.inject({ method: 'POST', url: '/optin/page/pn_x', headers: FORM, payload });
  expect(answer.statusCode).toBe(status);
  expect(answer.body).toContain(text);
});

test('without the consent, in another form, too large or for no page nothing is taken', async () => {
  await using fixture = fixtureOf();
  const post = async (url: string, payload: string, headers: Record<string, string> = FORM) =>
    (await fixture.app.inject({ method: 'POST', url, headers, payload })).statusCode;
  expect(await post('/optin/page/pn_x', 'phone=3125550142')).toBe(400);
  expect(await post('/optin/page/pn_x', '{}', { 'content-type': 'application/json' })).toBe(415);
  expect(await post('/optin/page/pn_x', `phone=${'1'.repeat(5_000)}&consent=yes`)).toBe(413);
  expect(await post('/optin/page/pn_y', 'phone=3125550142&consent=yes')).toBe(404);
  expect((await fixture.app.inject({ url: '/optin/page/pn_y' })).statusCode).toBe(404);
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
