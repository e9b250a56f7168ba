import { afterEach, beforeEach, expect, test } from 'vitest';
import { createInstallation, type Installation } from '../../test/helpers/message-fixture.ts';
import { createList, setList } from '../lists/index.ts';
import { addDataKey, bindSecretKey, readDataKeys } from '../store/installation-store.ts';
import { withTransaction } from '../store/transaction.ts';
import { secretPlace } from '../store/webhook-secret-store.ts';
import { createVault, rotateDataKey } from './index.ts';
import { storeCredentials } from './store-credentials.ts';

let installation: Installation;
let secretKey: Buffer;
beforeEach(async () => {
  installation = await createInstallation();
  secretKey = await installation.deps.secretKey();
});
afterEach(() => installation[Symbol.asyncDispose]());

const rotate = () => rotateDataKey({ pool: installation.pool, secretKey });
const versions = async () => (await readDataKeys(installation.pool, secretKey)).map(({ version }) => version);

async function addLists(count: number): Promise<number[]> {
  const ids: number[] = [];
  for (let n = 0; n < count; n++) {
    const input = {
      accountId: installation.caller.account.id,
      number: `+1800555${String(2_000 + n)}`,
      type: 'simulator',
      name: `List ${n}`,
      credentials: { token: `token of ${n}`, nested: { n } },
    };
    ids.push((await createList(installation.deps, input)).id);
  }
  return ids;
}

const credentialsOf = async (id: number) => {
  await installation.directory.refresh();
  return installation.directory.list(id)?.credentials;
};

test('a rotation seals all credentials with a new key and deletes the old one; ids stay', async () => {
  const identity = await bindSecretKey(installation.pool, secretKey);
  const ids = await addLists(3);
  await setList(installation.deps, { id: ids[2]!, status: 'deleted' });
  expect(await rotate()).toEqual({ key_version: 2, lists: 3, webhooks: 0, resumed: false });
  expect(await versions()).toEqual([2]);
  for (const [n, id] of ids.entries()) {
    expect(await credentialsOf(id)).toEqual({ token: `token of ${n}`, nested: { n } });
  }
  const { rows } = await installation.pool.query(`select 1 from list where credentials::text like '%"1.%'`);
  expect(rows).toEqual([]);
  expect(await bindSecretKey(installation.pool, secretKey)).toEqual(identity);
  expect(await rotate()).toEqual({ key_version: 3, lists: 3, webhooks: 0, resumed: false });
});

test('a rotation that was cut off leaves everything readable, and the next one finishes it', async () => {
  const ids = await addLists(2);
  await withTransaction(installation.pool, async (transaction) => {
    await addDataKey(transaction, secretKey, 2);
    await storeCredentials(transaction, secretKey, { listId: ids[0]!, credentials: { token: 'sealed anew' } });
  });
  expect(await credentialsOf(ids[0]!)).toEqual({ token: 'sealed anew' });
  expect(await credentialsOf(ids[1]!)).toEqual({ token: 'token of 1', nested: { n: 1 } });
  expect(await rotate()).toEqual({ key_version: 2, lists: 1, webhooks: 0, resumed: true });
  expect(await versions()).toEqual([2]);
  expect(await credentialsOf(ids[1]!)).toEqual({ token: 'token of 1', nested: { n: 1 } });
});

test('secrets of webhooks are sealed anew too; one that nothing opens stays as it is', async () => {
  const vault = createVault({ pool: installation.pool, secretKey });
  const ids = ['1', '2', '3'].map((digit) => digit.repeat(24));
  for (const id of ids) {
    await withTransaction(installation.pool, async (transaction) => {
      const sealed = await vault.seal(transaction, `secret of ${id}`, secretPlace(id));
      const old = id === ids[1] ? await vault.seal(transaction, 'the one before', secretPlace(id)) : null;
      await transaction.query(
        `insert into webhook_endpoint (id, account_id, url, events, secret, old_secret, created_ms)
         values ($1, $2, 'https://a.example', '{*}', $3, $4, 0)`,
        [id, installation.caller.account.id, id === ids[2] ? '1.AAAA' : sealed, old],
      );
    });
  }
  expect(await rotate()).toMatchObject({ key_version: 2, webhooks: 2 });
  expect(await versions()).toEqual([2]);
  const { rows } = await installation.pool.query<{ id: string; secret: string; old: string | null }>(
    'select id, secret, old_secret as old from webhook_endpoint order by id',
  );
  const open = async (sealed: string | null, id: string) =>
    sealed === null ? null : await vault.open(sealed, secretPlace(id));
  expect(await Promise.all(rows.map(({ id, secret }) => open(secret, id)))).toEqual([
    `secret of ${ids[0]}`,
    `secret of ${ids[1]}`,
    undefined,
  ]);
  expect(await Promise.all(rows.map(({ id, old }) => open(old, id)))).toEqual([null, 'the one before', null]);
});

test('a page is not the end', async () => {
  const ids = await addLists(205);
  expect(await rotate()).toMatchObject({ lists: 205 });
  expect(await credentialsOf(ids.at(-1)!)).toEqual({ token: 'token of 204', nested: { n: 204 } });
});

test('credentials that are written during rotations can always be opened', async () => {
  const [id = 0] = await addLists(1);
  const rotating = new AbortController();
  async function rotateOften(): Promise<void> {
    for (let n = 0; n < 10; n++) await rotate();
  }
  const rotations = rotateOften().finally(() => rotating.abort());
  let written = 0;
  while (!rotating.signal.aborted) {
    await setList(installation.deps, { id, credentials: { n: ++written } });
    expect(await credentialsOf(id)).toEqual({ n: written });
  }
  await rotations;
  expect(await credentialsOf(id)).toEqual({ n: written });
  expect(await versions()).toEqual([11]);
});

test('one rotation at a time', async () => {
  await addLists(1);
  const results = await Promise.allSettled([rotate(), rotate(), rotate()]);
  const done = results.filter(({ status }) => status === 'fulfilled');
  const refused = results.filter((result) => result.status === 'rejected').map(({ reason }) => String(reason));
  expect(done.length).toBeGreaterThan(0);
  expect(refused).toEqual(refused.map(() => 'OperatorError: Another `trackly secrets rotate` is under way'));
  expect(await versions()).toHaveLength(1);
});

test('credentials that cannot be opened keep the old key and are named', async () => {
  const [first, second] = await addLists(2);
  await installation.pool.query(
    `update list set credentials = (select credentials from list where id = $1) where id = $2`,
    [first, second],
  );
  await expect(rotate()).rejects.toThrow(`The credentials of list ${second} cannot be opened`);
  expect(await versions()).toEqual([1, 2]);
  await setList(installation.deps, { id: second!, credentials: { token: 'given again' } });
  expect(await rotate()).toMatchObject({ resumed: true });
  expect(await versions()).toEqual([2]);
  expect(await credentialsOf(second!)).toEqual({ token: 'given again' });
});
