// Writes docs/openapi.json, docs/errors.md and the types of the client from the built server, and the scanner of bulk
// bodies from its source. With --check: changes nothing and fails when they are not what they would be.
import { mkdir, readFile, writeFile } from 'node:fs/promises';
import { join } from 'node:path';
import { fileURLToPath } from 'node:url';
import { compileScanner } from '../server/wasm/compile.mjs';
import { generateClientTypes } from './generate-client.mjs';

const root = join(fileURLToPath(import.meta.url), '../..');
const { describeApi, describeErrors } = await import(new URL('../server/dist/http/describe-api.js', import.meta.url));

const api = JSON.parse(JSON.stringify(await describeApi()));
const files = {
  'docs/openapi.json': `${JSON.stringify(api, null, 2)}\n`,
  'docs/errors.md': describeErrors(),
  'client/src/generated/types.ts': generateClientTypes(api),
  'server/wasm/scan-bulk.wasm': await compileScanner(),
};

const stale = [];
for (const [name, content] of Object.entries(files)) {
  const path = join(root, name);
  const existing = await readFile(path).catch(() => Buffer.alloc(0));
  if (!existing.equals(Buffer.from(content))) stale.push({ name, path, content });
}

if (process.argv.includes('--check')) {
  for (const { name } of stale) console.error(`${name} is out of date: run node scripts/generate.mjs`);
  process.exitCode = stale.length === 0 ? 0 : 1;
} else {
  await mkdir(join(root, 'docs'), { recursive: true });
  for (const { name, path, content } of stale) {
    await writeFile(path, content);
    console.log(`wrote ${name}`);
  }
}
