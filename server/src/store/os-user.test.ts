import { expect, test } from 'vitest';
import { canEnter, parsePasswd, spawnIdentity } from './os-user.ts';

test('users are read by name, and lines that are none are passed over', () => {
  const users = parsePasswd(
    'root:x:0:0:root:/root:/bin/bash\n# comment\n\npostgres:x:101:104::/var/lib/postgresql:/bin/bash\n',
  );
  expect([...users.values()]).toEqual([
    { name: 'root', uid: 0, gid: 0 },
    { name: 'postgres', uid: 101, gid: 104 },
  ]);
});

test('our own user can enter what is there and not what is not', async () => {
  expect(await canEnter('/', null)).toBe(true);
  expect(await canEnter('/there/is/no such folder', null)).toBe(false);
});

test('a child runs as us unless it is told otherwise', () => {
  expect(spawnIdentity(null)).toEqual({});
  expect(spawnIdentity({ name: 'postgres', uid: 101, gid: 104 })).toEqual({ uid: 101, gid: 104 });
});
