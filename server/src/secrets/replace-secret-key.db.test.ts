import { mkdir, mkdtemp, readdir, rm, writeFile } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { afterEach, beforeEach, expect, test } from 'vitest';
import { createInstallation, type Installation } from '../../test/helpers/message-fixture.ts';
import { openDirectory } from '../accounts/index.ts';
import { setList } from '../lists/index.ts';
import { makeNextSecret, readSecretKey } from '../store/data-folder.ts';
import { bindSecretKey, resealKeys } from '../store/installation-store.ts';
import { withTransaction } from '../store/transaction.ts';
import { registerWorker } from '../store/worker-store.ts';
import { bindDataFolder, replaceSecretKey } from './index.ts';

const NEW_KEY = Buffer.alloc(32, 9);
const CREDENTIALS = { token: 'a-token' };
let installation: Installation;
let secretKey: Buffer;
let identityKey: Buffer;
let folder: string;
beforeEach(async () => {
  installation = await createInstallation();
  secretKey = await installation.deps.secretKey();
  identityKey = await bindSecretKey(installation.pool, secretKey);
  folder = await mkdtemp(join(tmpdir(), 'trackly-secret-'));
  await mkdir(folder, { recursive: true });
  await writeFile(join(folder, 'secret.key'), secretKey.toString('base64'));
  await setList(installation.deps, { id: 1, credentials: CREDENTIALS });
});
afterEach(async () => {
  await rm(folder, { recursive: true });
  await installation[Symbol.asyncDispose]();
});

const deps = () => ({ pool: installation.pool, clock: installation.deps.clock, secretKey });

async function expectEverythingUnder(key: Buffer): Promise<void> {
  expect(await bindSecretKey(installation.pool, key)).toEqual(identityKey);
  const connect = () => Promise.reject(new Error('nobody listens here'));
  await using directory = await openDirectory({ ...installation.deps, connect, secretKey: key, staleAfterMs: null });
  expect(directory.list(1)?.credentials).toEqual(CREDENTIALS);
}

test('a new secret key opens everything, ids stay, and the old one is refused in one sentence', async () => {
  await replaceSecretKey(deps(), { key: NEW_KEY });
  await expectEverythingUnder(NEW_KEY);
  await expect(bindSecretKey(installation.pool, secretKey)).rejects.toThrow(
    'This database belongs to an installation with another TRACKLY_SECRET_KEY; start it with that key.',
  );
  expect(await replaceSecretKey(deps(), { key: NEW_KEY })).toEqual(NEW_KEY);
});

test('the secret of the data folder is replaced with it', async () => {
  const made = await replaceSecretKey(deps(), { folder });
  expect(await readSecretKey(folder)).toEqual(made);
  expect(await readdir(folder)).toEqual(['secret.key']);
  await expectEverythingUnder(made);
});

test('cut off before the database had it, the old secret stays; cut off after, the new one is taken', async () => {
  const next = await makeNextSecret(folder);
  expect(await bindDataFolder(installation.pool, secretKey, folder)).toEqual({ secretKey, identityKey });
  await withTransaction(installation.pool, (transaction) => resealKeys(transaction, secretKey, next));
  expect(await bindDataFolder(installation.pool, secretKey, folder)).toEqual({ secretKey: next, identityKey });
  expect(await readSecretKey(folder)).toEqual(next);
  await expectEverythingUnder(next);
});

test('a wrong secret key changes nothing, with and without a next one in the folder', async () => {
  await expect(replaceSecretKey({ ...deps(), secretKey: NEW_KEY }, { key: Buffer.alloc(32, 1) })).rejects.toMatchObject(
    {
      name: 'WrongSecretKeyError',
    },
  );
  await makeNextSecret(folder);
  await expect(bindDataFolder(installation.pool, NEW_KEY, folder)).rejects.toMatchObject({
    name: 'WrongSecretKeyError',
  });
  await expectEverythingUnder(secretKey);
});

test('while a server runs the secret key stays', async () => {
  await registerWorker(installation.pool, { host: 'here', pid: 42, roles: 'api', nowMs: installation.nowMs });
  await expect(replaceSecretKey(deps(), { key: NEW_KEY })).rejects.toThrow('A server runs (process 42 on here)');
  await expectEverythingUnder(secretKey);
  installation.nowMs += 61_000;
  await replaceSecretKey(deps(), { key: NEW_KEY });
  await expectEverythingUnder(NEW_KEY);
});
