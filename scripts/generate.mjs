// Writes docs/openapi.json, docs/errors.md, the rows of docs/quiet-hours.md and the types of the client from the built server, and the
// WebAssembly from its sources. With --check: changes nothing and fails when they are not what they would be.
import { mkdir, readFile, writeFile } from 'node:fs/promises';
import { dirname, join } from 'node:path';
import { fileURLToPath } from 'node:url';
import { compileModule, MODULES } from '../server/wasm/compile.mjs';
import { generateClientTypes } from './generate-client.mjs';

const root = join(fileURLToPath(import.meta.url), '../..');
const isCheck = process.argv.includes('--check');

// First, because the server loads them.
for (const name of MODULES) await keep(`server/wasm/${name}.wasm`, await compileModule(name));
const { describeApi, describeErrors } = await import(new URL('../server/dist/http/describe-api.js', import.meta.url));
const api = JSON.parse(JSON.stringify(await describeApi()));
await keep('docs/openapi.json', `${JSON.stringify(api, null, 2)}\n`);
await keep('docs/errors.md', describeErrors());
const { describeQuietRules } = await import(
  new URL('../server/dist/compliance/describe-quiet-rules.js', import.meta.url)
);
await keep('docs/quiet-hours.md', await withRows('docs/quiet-hours.md', describeQuietRules()));
await keep('client/src/generated/types.ts', generateClientTypes(api));

/** The page with `rows` between its marks. */
async function withRows(name, rows) {
  const page = await readFile(join(root, name), 'utf8');
  const parts = /^([^]*<!-- rows: .*-->\n)[^]*(<!-- end of rows -->[^]*)$/.exec(page);
  if (parts === null) throw new Error(`${name} has no marks around its rows`);
  return `${parts[1]}\n${rows}\n${parts[2]}`;
}

async function keep(name, content) {
  const path = join(root, name);
  const existing = await readFile(path).catch(() => Buffer.alloc(0));
  if (existing.equals(Buffer.from(content))) return;
  if (isCheck) {
    console.error(`${name} is out of date: run node scripts/generate.mjs`);
    process.exitCode = 1;
    return;
  }
  await mkdir(dirname(path), { recursive: true });
  await writeFile(path, content);
  console.log(`wrote ${name}`);
}
