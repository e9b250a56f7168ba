import { spawn } from 'node:child_process';
import { mkdtempSync, readFileSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { pathToFileURL } from 'node:url';
import { expect, test } from 'vitest';

test('the examples of the README work together', async () => {
  const [client = '', server = ''] = readExamples();
  const folder = mkdtempSync(join(tmpdir(), 'trackly-smpp-'));
  const program = join(folder, 'examples.mjs');
  const source = pathToFileURL(join(import.meta.dirname, '../src/index.ts')).href;
  const end = `await new Promise((resolve) => setTimeout(resolve, 200)); await client.close(); await server.close();`;
  const names =
    'readReceipt, readText, SmppClient, splitText, toAddress, toRelativeTime, toSubmit, SmppServer, STATUSES, toReceipt';
  const code = [server, client, end]
    .join('\n')
    .replace(/^import .*$/gm, '')
    .replaceAll('port: 2775', 'port')
    .replace(/await server.listen\(.*\)/, 'const port = await server.listen()');
  writeFileSync(program, `import { ${names} } from '${source}';\n${code}`);
  const output = await run(program);
  rmSync(folder, { recursive: true });
  expect(output.trim().split('\n')).toEqual([
    '13125550142: Your order has left our store. 😀',
    'accepted 1',
    'receipt 1 DELIVERED',
    'deliver_sm_resp',
  ]);
});

function readExamples(): string[] {
  const readme = readFileSync(join(import.meta.dirname, '../README.md'), 'utf8');
  return [...readme.matchAll(/```ts\n([\s\S]*?)```/g)].map((match) => match[1] ?? '');
}

function run(program: string): Promise<string> {
  const tsx = pathToFileURL(join(import.meta.dirname, '../../../node_modules/tsx/dist/loader.mjs')).href;
  const child = spawn(process.execPath, ['--import', tsx, program], { stdio: ['ignore', 'pipe', 'inherit'] });
  let output = '';
  child.stdout.setEncoding('utf8').on('data', (chunk) => (output += chunk));
  return new Promise((resolve) => child.once('close', () => resolve(output)));
}
