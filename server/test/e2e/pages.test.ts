import { chromium, type Browser, type Page } from 'playwright-core';
import { afterAll, afterEach, beforeAll, beforeEach, expect, test } from 'vitest';
import { type DataFolder, makeDataFolder } from '../../../cli/test/helpers/run-cli.ts';
import { startServer, type ServerProcess } from '../helpers/server-process.ts';

const KEY = 'trk_of_the_page_tests';
const LIST = '+18005551000';

let folder: DataFolder;
let server: ServerProcess;
let browser: Browser;
let page: Page;
let problems: string[];

beforeAll(async () => {
  folder = await makeDataFolder();
  server = await startServer({ TRACKLY_DATA_DIR: folder.path, TRACKLY_API_KEY: KEY });
  browser = await chromium.launch({ executablePath: '/usr/bin/chromium', args: ['--no-sandbox'] });
});
afterAll(async () => {
  await browser.close();
  await server[Symbol.asyncDispose]();
  await folder[Symbol.asyncDispose]();
});
beforeEach(async () => {
  page = await browser.newPage();
  page.setDefaultTimeout(10_000);
  problems = [];
  page.on('pageerror', (error) => problems.push(error.message));
  page.on('console', (message) => {
    if (message.type() === 'error') problems.push(message.text());
  });
});
afterEach(async () => {
  await page.close();
  expectNoProblems();
});

/** Errors of scripts, and what the page's own security policy refused. */
function expectNoProblems(): void {
  expect(problems).toEqual([]);
}

async function send(to: string, body: string): Promise<void> {
  const answer = await fetch(`${server.url}/api/v2/send`, {
    method: 'POST',
    headers: { 'X-Api-Key': KEY, 'Content-Type': 'application/json' },
    body: JSON.stringify({ to, list_number: LIST, body }),
  });
  expect(answer.status).toBe(201);
}

test('a message appears on its handset as it comes, is delivered there, and can be answered', async () => {
  await page.goto(`${server.url}/simulator`);
  await page.getByText('No handset has a message yet').waitFor();
  await send('+13125550142', 'Hello from the test');
  await page.locator('#handsets button', { hasText: '+13125550142' }).click();
  const bubble = page.locator('#conversation li', { hasText: 'Hello from the test' });
  await bubble.locator('[data-state=delivered]').waitFor();
  await page.locator('#answer-body').fill('Who is this?');
  await page.getByRole('button', { name: 'Send', exact: true }).click();
  const reply = page.locator('#conversation li.out', { hasText: 'Who is this?' });
  await reply.waitFor();
  expect(await page.locator('#answer-body').inputValue()).toBe('');
  await send('+13125550142', 'A second one');
  await page.locator('#conversation li', { hasText: 'A second one' }).locator('[data-state=delivered]').waitFor();
  expect(await page.locator('#conversation li').count()).toBe(3);
});

test('a number’s own behaviour shows on its handset', async () => {
  await page.goto(`${server.url}/simulator`);
  await send('+13125550165', 'Do you want this?');
  await send('+13125550158', 'Too late');
  await page.locator('#handsets button', { hasText: '+13125550165' }).click();
  await page.locator('#conversation li.out', { hasText: 'STOP' }).waitFor();
  await page.locator('#handsets button', { hasText: '+13125550158' }).click();
  const state = page.locator('#conversation [data-state=undelivered]');
  await state.waitFor();
  expect(await state.innerText()).toContain('EXPIRED');
});

test('the reference page tries a call with a key', async () => {
  await page.goto(`${server.url}/docs`);
  await page.locator('.btn.authorize').click();
  await page.locator('.auth-container input').fill(KEY);
  await page.locator('.auth-btn-wrapper .authorize').click();
  await page.locator('.auth-btn-wrapper .btn-done').click();
  const call = page.locator('.opblock', { has: page.locator('[data-path="/api/v2/whoami"]') });
  await call.locator('.opblock-summary-control').click();
  await call.locator('.execute').click();
  const answer = call.locator('.live-responses-table .response');
  await answer.waitFor();
  expect(await answer.locator('.response-col_status').innerText()).toContain('200');
  expect(await answer.locator('.response-col_description').innerText()).toContain('"Demo"');
});
