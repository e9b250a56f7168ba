import { type ChildProcess, spawn } from 'node:child_process';
import { once } from 'node:events';
import {
  chmod,
  chown,
  lstat,
  mkdir,
  mkdtemp,
  readdir,
  readFile,
  readlink,
  rm,
  stat,
  writeFile,
} from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { createInterface, type Interface } from 'node:readline';
import { fileURLToPath } from 'node:url';
import { Client, type ClientConfig } from 'pg';
import { afterEach, beforeEach, describe, expect, test } from 'vitest';
import { signalPostgres } from '../../test/helpers/embedded-postgres-processes.ts';
import { until } from '../../test/helpers/until.ts';
import { type EmbeddedPostgres, startEmbeddedPostgres } from './embedded-postgres.ts';
import { canEnter, chooseDatabaseUser, type OsUser, spawnIdentity } from './os-user.ts';

const PROGRAM = fileURLToPath(new URL('../../test/helpers/embedded-postgres-program.ts', import.meta.url));
const REPOSITORY = fileURLToPath(new URL('../../../', import.meta.url));
const asRoot = process.getuid?.() === 0;
const other = await chooseDatabaseUser();
const readable = await canEnter(REPOSITORY, other);

let folder: string;
let dataDir: string;
let sharedDir: string;
const started: AsyncDisposable[] = [];
const children: ChildProcess[] = [];

beforeEach(async () => {
  folder = await mkdtemp(join(tmpdir(), 'trackly-embedded-'));
  await chmod(folder, 0o755);
  dataDir = join(folder, 'data');
  sharedDir = await mkdtemp(join(tmpdir(), 'trackly-shared-'));
  await chmod(sharedDir, 0o755);
  await mkdir(dataDir, { mode: 0o700 });
});

afterEach(async () => {
  await Promise.all(children.splice(0).map(endChild));
  for (const server of started.splice(0)) await server[Symbol.asyncDispose]();
  await rm(folder, { recursive: true, force: true });
  await rm(sharedDir, { recursive: true, force: true });
});

async function endChild(child: ChildProcess): Promise<void> {
  if (child.exitCode !== null || child.signalCode !== null) return;
  const exit = once(child, 'exit');
  child.kill('SIGTERM');
  await exit;
}

async function start(): Promise<EmbeddedPostgres> {
  const server = await startEmbeddedPostgres({ dataDir, sharedDir });
  started.push(server);
  return server;
}

async function query(server: { connection: ClientConfig }, sql: string): Promise<unknown[]> {
  const client = new Client(server.connection);
  await client.connect();
  try {
    return (await client.query(sql)).rows;
  } finally {
    await client.end();
  }
}

interface Program {
  readonly child: ChildProcess;
  readonly first: Pick<EmbeddedPostgres, 'location' | 'relocated' | 'binariesCopied' | 'connection'>;
  nextLine(): Promise<unknown>;
}

async function startProgram(user: OsUser | null = null): Promise<Program> {
  const child = spawn(process.execPath, ['--import', 'tsx', PROGRAM, dataDir, sharedDir], {
    cwd: REPOSITORY,
    stdio: ['pipe', 'pipe', 'inherit'],
    detached: true,
    env: { ...process.env, TMPDIR: folder },
    ...spawnIdentity(user),
  });
  children.push(child);
  const lines = toLines(createInterface({ input: child.stdout }));
  return { child, first: (await lines()) as Program['first'], nextLine: lines };
}

function toLines(source: Interface): () => Promise<unknown> {
  const lines = source[Symbol.asyncIterator]();
  return async () => JSON.parse((await lines.next()).value as string) as unknown;
}

async function readServerPid(server: { location: string }): Promise<number> {
  return Number.parseInt(await readFile(join(server.location, 'data/postmaster.pid'), 'utf8'), 10);
}

test('the first start makes the database, the second one keeps what is in it', async () => {
  const first = await start();
  await query(first, 'create table kept as select 7 as seven');
  await first[Symbol.asyncDispose]();
  const second = await start();
  expect(await query(second, 'select seven from kept')).toEqual([{ seven: 7 }]);
  expect(second.location).toBe(first.location);
});

test('a commit is on disk, and the only way in is the private socket', async () => {
  const server = await start();
  const names = `'fsync', 'synchronous_commit', 'full_page_writes', 'listen_addresses', 'server_encoding'`;
  const settings = await query(server, `select name, setting from pg_settings where name in (${names}) order by name`);
  expect(settings).toEqual([
    { name: 'fsync', setting: 'on' },
    { name: 'full_page_writes', setting: 'on' },
    { name: 'listen_addresses', setting: '' },
    { name: 'server_encoding', setting: 'UTF8' },
    { name: 'synchronous_commit', setting: 'on' },
  ]);
  expect((await stat(server.location)).mode & 0o777).toBe(0o700);
  const rules = await query(server, 'select distinct type, auth_method from pg_hba_file_rules order by type');
  expect(rules).toEqual([
    { type: 'host', auth_method: 'reject' },
    { type: 'local', auth_method: 'trust' },
  ]);
});

test('a clean stop leaves no process, socket or mark, and disposing twice is once', async () => {
  const server = await start();
  const pid = await readServerPid(server);
  await Promise.all([server[Symbol.asyncDispose](), server[Symbol.asyncDispose]()]);
  expect(await server.exited).toBe(0);
  expect(() => process.kill(pid, 0)).toThrow('ESRCH');
  expect((await readdir(server.location)).filter((name) => name !== 'data')).toEqual([]);
});

test('a server that is killed is started again on the same socket, with what was committed', async () => {
  const failures: Error[] = [];
  const server = await startEmbeddedPostgres({ dataDir, sharedDir, onFailure: (error) => failures.push(error) });
  started.push(server);
  await query(server, 'create table kept as select 7 as seven');
  const killed = await readServerPid(server);
  await signalPostgres(dataDir, 'SIGKILL');
  await until('it is back', async () =>
    query(server, 'select seven from kept').then(
      (rows) => rows.length === 1,
      () => false,
    ),
  );
  expect(await readServerPid(server)).not.toBe(killed);
  expect(failures[0]?.message).toContain('ended by itself');
  await server[Symbol.asyncDispose]();
  expect(await server.exited).toBe(0);
});

test('a server that is stopped while it is away stays away', async () => {
  const server = await start();
  await signalPostgres(dataDir, 'SIGKILL');
  await server[Symbol.asyncDispose]();
  await expect(query(server, 'select 1')).rejects.toThrow(/ENOENT|ECONNREFUSED/);
  expect(await query(await start(), 'select 1 as one')).toEqual([{ one: 1 }]);
});

test('a path too long for a socket puts the socket elsewhere while the server runs', async () => {
  dataDir = join(folder, 'x'.repeat(100));
  await mkdir(dataDir, { mode: 0o700 });
  const server = await start();
  const socketDir = String(server.connection.host);
  expect(Buffer.byteLength(socketDir)).toBeLessThan(90);
  expect(await query(server, 'select 1 as one')).toEqual([{ one: 1 }]);
  await server[Symbol.asyncDispose]();
  await expect(stat(socketDir)).rejects.toThrow('ENOENT');
});

test('a start that was cut off while it made the database begins again', async () => {
  const first = await start();
  await first[Symbol.asyncDispose]();
  await rm(join(first.location, 'data'), { recursive: true });
  await mkdir(join(first.location, 'data.new/base'), { recursive: true });
  expect(await query(await start(), 'select 1 as one')).toEqual([{ one: 1 }]);
});

test('a mark left by a process whose number is in use by another one does not stop the start', async () => {
  const first = await start();
  await first[Symbol.asyncDispose]();
  await writeFile(join(first.location, 'data/postmaster.pid'), `${process.pid}\n${first.location}/data\n`);
  expect(await query(await start(), 'select 1 as one')).toEqual([{ one: 1 }]);
});

test('a second process is refused while the first one runs', async () => {
  const program = await startProgram();
  await expect(start()).rejects.toThrow(
    `The database ${program.first.location} is in use by process ${String(program.child.pid)}`,
  );
});

test('what a killed process left running is stopped by the next start, and what was committed is there', async () => {
  const program = await startProgram();
  program.child.stdin?.write('create table kept as select 7 as seven\n');
  await program.nextLine();
  const left = await readServerPid(program.first);
  const gone = once(program.child, 'exit');
  program.child.kill('SIGKILL');
  await gone;
  const server = await start();
  expect(await readServerPid(server)).not.toBe(left);
  await expect(readlink(`/proc/${left}/cwd`)).rejects.toThrow('ENOENT');
  expect(await query(server, 'select seven from kept')).toEqual([{ seven: 7 }]);
});

test('Ctrl-C reaches the owner alone, who can still use the database and then stops it', async () => {
  const program = await startProgram();
  const pid = await readServerPid(program.first);
  const exit = once(program.child, 'exit');
  process.kill(-(program.child.pid ?? 0), 'SIGINT');
  expect(await program.nextLine()).toEqual([{ answer: 'still here' }]);
  expect(await exit).toEqual([0, null]);
  expect(() => process.kill(pid, 0)).toThrow('ESRCH');
});

test('files of another version are refused with the reason', async () => {
  const first = await start();
  await first[Symbol.asyncDispose]();
  await writeFile(join(first.location, 'data/PG_VERSION'), '12\n');
  await expect(start()).rejects.toThrow(/did not start: .*incompatible/);
});

describe.runIf(asRoot)('as root', () => {
  const user = other ?? { name: '', uid: 0, gid: 0 };

  test('the server runs as another user, who may pass through the data folder and not list it', async () => {
    const server = await start();
    expect(server).toMatchObject({ location: join(dataDir, 'postgresql'), relocated: false });
    expect((await stat(`/proc/${await readServerPid(server)}`)).uid).toBe(user.uid);
    expect(await stat(dataDir)).toMatchObject({ uid: 0, gid: user.gid, mode: 0o40710 });
  });

  test('below a folder that others cannot enter the database lives outside, and stays there', async () => {
    await chmod(folder, 0o700);
    const first = await start();
    expect(first.relocated).toBe(true);
    expect(first.location.startsWith(`${sharedDir}/`)).toBe(true);
    expect(await stat(dataDir)).toMatchObject({ uid: 0, gid: 0, mode: 0o40700 });
    expect((await lstat(join(dataDir, 'postgresql'))).isSymbolicLink()).toBe(true);
    await query(first, 'create table kept as select 7 as seven');
    await first[Symbol.asyncDispose]();
    const second = await start();
    expect(second.location).toBe(first.location);
    expect(await query(second, 'select seven from kept')).toEqual([{ seven: 7 }]);
  });

  test('a database that lived outside and is gone is not replaced by an empty one', async () => {
    await chmod(folder, 0o700);
    const first = await start();
    await first[Symbol.asyncDispose]();
    await rm(first.location, { recursive: true });
    await expect(start()).rejects.toThrow(`The database of this data folder was in ${first.location}, which is gone`);
  });

  test('a data folder made by an ordinary user is served as that user', async () => {
    await mkdir(join(dataDir, 'postgresql'), { mode: 0o700 });
    for (const path of [folder, dataDir, join(dataDir, 'postgresql')]) await chown(path, user.uid, user.gid);
    const server = await start();
    expect(server.location).toBe(join(dataDir, 'postgresql'));
    expect((await stat(`/proc/${await readServerPid(server)}`)).uid).toBe(user.uid);
  });

  test.runIf(readable)('an ordinary user needs nobody else, in a folder of their own', async () => {
    for (const path of [folder, dataDir]) await chown(path, user.uid, user.gid);
    const program = await startProgram(user);
    expect(program.first).toMatchObject({ location: join(dataDir, 'postgresql'), relocated: false });
    expect((await stat(`/proc/${await readServerPid(program.first)}`)).uid).toBe(user.uid);
  });
});
