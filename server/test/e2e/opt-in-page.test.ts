import axe from 'axe-core';
import { type Browser, type BrowserContext, type BrowserContextOptions, chromium, type Page } from 'playwright-core';
import decodeQr from 'qr/decode.js';
import { afterAll, afterEach, beforeAll, expect, test } from 'vitest';
import { type DataFolder, makeDataFolder } from '../../../cli/test/helpers/run-cli.ts';
import { startServer, type ServerProcess } from '../helpers/server-process.ts';
import { until } from '../helpers/until.ts';

const KEY = 'trk_of_the_opt_in_page';
const PUBLIC_URL = 'https://sms.example/base';
const IPHONE = 'Mozilla/5.0 (iPhone; CPU iPhone OS 18_0 like Mac OS X) AppleWebKit/605.1.15 Mobile/15E148';

let folder: DataFolder;
let server: ServerProcess;
let browser: Browser;
let v1Id: string;
let contexts: BrowserContext[] = [];
const problems: string[] = [];

beforeAll(async () => {
  folder = await makeDataFolder();
  server = await startServer({
    TRACKLY_DATA_DIR: folder.path,
    TRACKLY_API_KEY: KEY,
    TRACKLY_PUBLIC_URL: PUBLIC_URL,
    TRACKLY_TRUSTED_PROXIES: '127.0.0.0/8',
  });
  const settings = { double_opt_in: true, join_keywords: ['PETS'] };
  const changed = await fetch(`${server.url}/api/v2/lists/1`, {
    method: 'PUT',
    headers: { 'X-Api-Key': KEY, 'Content-Type': 'application/json' },
    body: JSON.stringify({ settings }),
  });
  v1Id = ((await changed.json()) as { v1_id: string }).v1_id;
  browser = await chromium.launch({ executablePath: '/usr/bin/chromium', args: ['--no-sandbox'] });
});
afterAll(async () => {
  await browser.close();
  await server[Symbol.asyncDispose]();
  await folder[Symbol.asyncDispose]();
});
afterEach(async () => {
  for (const context of contexts) await context.close();
  contexts = [];
  expectNoProblems();
});

/** Nothing that the page's own policy refused. */
function expectNoProblems(): void {
  expect(problems.splice(0)).toEqual([]);
}

/** The hosted page in a browser of its own, as from behind a proxy that has it below `/base`. */
async function openPage(options: BrowserContextOptions = {}): Promise<Page> {
  const context = await browser.newContext(options);
  contexts.push(context);
  const toServer = (url: string): string => url.replace('/base/', '/');
  await context.route(`${server.url}/base/**`, (route, request) => route.continue({ url: toServer(request.url()) }));
  const page = await context.newPage();
  page.setDefaultTimeout(10_000);
  // What the page's own policy refuses is an error too. A form that is refused is answered 400, which the browser logs.
  page.on('console', (message) => {
    if (message.type() === 'error' && !message.text().includes('status of 400')) problems.push(message.text());
  });
  await page.goto(`${server.url}/base/optin/page/${v1Id}`);
  return page;
}

interface Handset {
  readonly messages: readonly { readonly body: string }[];
}

async function textsOf(phone: string): Promise<string[]> {
  const answer = await fetch(`${server.url}/simulator/handsets/${encodeURIComponent(phone)}`);
  return ((await answer.json()) as Handset).messages.map(({ body }) => body);
}

async function consentsOf(phone: string): Promise<Readonly<Record<string, unknown>>[]> {
  const path = `/api/v2/contacts/${encodeURIComponent(phone)}/consents`;
  const answer = await fetch(`${server.url}${path}`, { headers: { 'X-Api-Key': KEY } });
  return ((await answer.json()) as { consents: Readonly<Record<string, unknown>>[] }).consents;
}

test('without scripts: what is wrong is said, then the number is asked by text, and its YES subscribes', async () => {
  const phone = '+13125550142';
  const page = await openPage({
    javaScriptEnabled: false,
    extraHTTPHeaders: { 'X-Forwarded-For': '198.51.100.9' },
    userAgent: 'Browser/1',
  });
  expect(await page.title()).toBe('Texts from Demo');
  await page.getByLabel('Mobile number').fill('555');
  await page.getByRole('checkbox').check();
  await page.getByRole('button', { name: 'Subscribe' }).click();
  await page.getByRole('alert').waitFor();
  expect(await page.getByRole('alert').innerText()).toContain('This is no phone number');
  expect(await page.getByLabel('Mobile number').inputValue()).toBe('555');
  await page.getByLabel('Mobile number').fill('(312) 555-0142');
  await page.getByRole('checkbox').check();
  const agreed = await page.getByRole('checkbox').locator('xpath=..').innerText();
  await page.getByRole('button', { name: 'Subscribe' }).click();
  await page.getByRole('status').waitFor();
  expect(await page.getByRole('status').innerText()).toContain('reply YES');
  await until('the number is asked', async () => (await textsOf(phone)).length === 1);
  expect(await textsOf(phone)).toEqual(['Reply YES to get texts from Demo.']);
  expect(await consentsOf(phone)).toMatchObject([
    {
      kind: 'opt_in_pending',
      source: 'optin:hosted_page',
      ip_address: '198.51.100.9',
      user_agent: 'Browser/1',
      url: `${PUBLIC_URL}/optin/page/${v1Id}`,
      text: agreed.trim(),
    },
  ]);
  await fetch(`${server.url}/simulator/handsets/${encodeURIComponent(phone)}/messages`, {
    method: 'POST',
    body: JSON.stringify({ to: '+18005551000', body: 'Yes' }),
  });
  await until('it is subscribed', async () => (await consentsOf(phone)).length === 2);
  expect((await consentsOf(phone))[1]).toMatchObject({ kind: 'opt_in', ip_address: '198.51.100.9', keyword: 'YES' });
});

test('with the keyboard alone', async () => {
  const page = await openPage();
  const press = async (...keys: string[]): Promise<void> => {
    for (const key of keys) await page.keyboard.press(key);
  };
  await press('Tab');
  await page.keyboard.type('3125550143');
  await press('Tab', 'Space', 'Tab', 'Enter');
  await page.getByRole('status').waitFor();
  expect(await consentsOf('+13125550143')).toHaveLength(1);
});

test('a browser keeps back a form without number or consent', async () => {
  const page = await openPage();
  await page.getByRole('button', { name: 'Subscribe' }).click();
  expect(await page.getByLabel('Mobile number').evaluate((input) => input.matches(':invalid:focus'))).toBe(true);
  await page.getByLabel('Mobile number').fill('3125550144');
  await page.getByRole('button', { name: 'Subscribe' }).click();
  expect(await page.getByRole('checkbox').evaluate((input) => input.matches(':invalid:focus'))).toBe(true);
  expect(await consentsOf('+13125550144')).toEqual([]);
});

interface AxeResult {
  readonly violations: readonly { readonly id: string; readonly nodes: readonly { readonly html: string }[] }[];
}

/** Rules of accessibility that the page breaks (WCAG 2.2 A and AA, and good practice), by axe-core. */
async function brokenRules(page: Page): Promise<string[]> {
  await page.evaluate(axe.source);
  const { violations } = await page.evaluate<AxeResult>('axe.run()');
  return violations.map(({ id, nodes }) => `${id}: ${nodes.map(({ html }) => html).join(' ')}`);
}

test.each(['light', 'dark'] as const)('everybody can use it, %s and on a small screen', async (colorScheme) => {
  const page = await openPage({ colorScheme, viewport: { width: 320, height: 640 } });
  expect(await brokenRules(page)).toEqual([]);
  expect(await page.evaluate('document.documentElement.scrollWidth')).toBeLessThanOrEqual(320);
  await page.getByLabel('Mobile number').fill('555');
  await page.getByRole('checkbox').check();
  await page.getByRole('button', { name: 'Subscribe' }).click();
  await page.getByRole('alert').waitFor();
  expect(await page.getByLabel('Mobile number').evaluate((input) => input.matches(':focus'))).toBe(true);
  expect(await brokenRules(page)).toEqual([]);
  await page.getByLabel('Mobile number').fill('3125550145');
  await page.getByRole('checkbox').check();
  await page.getByRole('button', { name: 'Subscribe' }).click();
  await page.getByRole('status').waitFor();
  expect(await brokenRules(page)).toEqual([]);
});

/** Draws the image of the page on white; a text, because only the browser has these types. */
const PIXELS = `(async () => {
  const picture = document.querySelector('img');
  await picture.decode();
  const canvas = document.createElement('canvas');
  canvas.width = canvas.height = 400;
  const pen = canvas.getContext('2d');
  pen.fillStyle = 'white';
  pen.fillRect(0, 0, 400, 400);
  pen.drawImage(picture, 40, 40, 320, 320);
  return [...pen.getImageData(0, 0, 400, 400).data];
})()`;

test('the code is the subscribe link, which opens a text on a phone and the page elsewhere', async () => {
  const page = await openPage();
  await page.getByAltText('QR code').waitFor();
  const data = Uint8Array.from(await page.evaluate<number[]>(PIXELS));
  const link = `${PUBLIC_URL}/s/${v1Id.slice('pn_'.length)}`;
  expect(decodeQr({ width: 400, height: 400, data })).toBe(link);
  const follow = async (userAgent: string): Promise<(string | number | null)[]> => {
    const here = link.replace(PUBLIC_URL, server.url);
    const answer = await fetch(here, { redirect: 'manual', headers: { 'User-Agent': userAgent } });
    return [answer.status, answer.headers.get('location')];
  };
  expect(await follow(IPHONE)).toEqual([302, 'sms:+18005551000&body=PETS']);
  expect(await follow('Mozilla/5.0 (X11; Linux x86_64)')).toEqual([302, `${PUBLIC_URL}/optin/page/${v1Id}`]);
});
