import { createHash } from 'node:crypto';
import {
  chmod,
  chown,
  lstat,
  mkdir,
  mkdtemp,
  readFile,
  readlink,
  realpath,
  rename,
  rmdir,
  stat,
  symlink,
} from 'node:fs/promises';
import { join } from 'node:path';
import { canEnter, chooseDatabaseUser, type OsUser, parsePasswd } from './os-user.ts';

const NAME = 'postgresql';

/** Where the database of a data folder lives, and who runs it. */
export interface DatabaseHome {
  /** A real path, owned by `user`, mode 0700. */
  readonly path: string;
  /** null: the user of this process. */
  readonly user: OsUser | null;
  /** Outside of the data folder, which then holds a link to it. */
  readonly relocated: boolean;
}

/**
 * Finds the home of a data folder's database, or makes one. The choice is made once: later starts find the folder or
 * the link and never begin with an empty database beside an old one.
 * @param dataDir a real path, open to this process
 * @param sharedDir where a home goes that its user cannot reach inside `dataDir`
 * @throws Error with one sentence when the home is gone or its user cannot enter it
 */
export async function findDatabaseHome(dataDir: string, sharedDir: string): Promise<DatabaseHome> {
  const entry = join(dataDir, NAME);
  const found = await lstatOrNull(entry);
  if (found === null) return makeHome(dataDir, sharedDir);
  if (found.isSymbolicLink()) return followLink(entry);
  const user = await chooseOwner(entry);
  if (!(await letIn(dataDir, entry, user))) throw new Error(toEntryRefusal(entry, user));
  return { path: entry, user, relocated: false };
}

async function makeHome(dataDir: string, sharedDir: string): Promise<DatabaseHome> {
  const user = await chooseDatabaseUser();
  const home = join(dataDir, NAME);
  const draft = `${home}.new`;
  await mkdir(draft, { recursive: true, mode: 0o700 });
  if (user !== null) await chown(draft, user.uid, user.gid);
  if (await letIn(dataDir, draft, user)) {
    await rename(draft, home);
    return { path: home, user, relocated: false };
  }
  await rmdir(draft);
  if (user === null) throw new Error(`The data folder ${dataDir} cannot be entered`);
  const path = await makeHomeOutside(dataDir, sharedDir, user);
  await symlink(path, home);
  return { path, user, relocated: true };
}

/** Never one that exists: a data folder that was deleted and made anew must not meet its old database. */
async function makeHomeOutside(dataDir: string, sharedDir: string, user: OsUser): Promise<string> {
  await mkdir(sharedDir, { recursive: true, mode: 0o755 });
  const hash = createHash('sha256').update(dataDir).digest('hex').slice(0, 8);
  const path = await mkdtemp(join(await realpath(sharedDir), `${hash}-`));
  await chown(path, user.uid, user.gid);
  if (await canEnter(path, user)) return path;
  await rmdir(path);
  throw new Error(`The user ${user.name}, as whom root runs PostgreSQL, can enter neither ${dataDir} nor ${sharedDir}`);
}

async function followLink(link: string): Promise<DatabaseHome> {
  let path: string;
  try {
    path = await realpath(link);
  } catch (error) {
    throw new Error(`The database of this data folder was in ${await readlink(link)}, which is gone`, { cause: error });
  }
  const user = await chooseOwner(path);
  if (!(await canEnter(path, user))) throw new Error(toEntryRefusal(path, user));
  return { path, user, relocated: true };
}

/** The owner of the files is the only one who can run the server; root can be anyone. */
async function chooseOwner(home: string): Promise<OsUser | null> {
  const { uid, gid } = await stat(home);
  const own = process.getuid?.() ?? uid;
  if (uid === own && own !== 0) return null;
  const name = [...parsePasswd(await readFile('/etc/passwd', 'utf8')).values()].find((user) => user.uid === uid)?.name;
  if (own !== 0)
    throw new Error(`The database in ${home} belongs to ${name ?? `user ${uid}`}: start as that user or as root`);
  if (uid === 0) throw new Error(`The database in ${home} belongs to root, as whom PostgreSQL does not run`);
  return { name: name ?? String(uid), uid, gid };
}

/**
 * Whether `user` can enter `home` inside `dataDir`; lets its group pass through (not list) a data folder that is root's
 * alone when that is enough.
 */
async function letIn(dataDir: string, home: string, user: OsUser | null): Promise<boolean> {
  if (await canEnter(home, user)) return true;
  const before = await stat(dataDir);
  if (user === null || before.uid !== 0 || before.gid !== 0) return false;
  await chown(dataDir, 0, user.gid);
  await chmod(dataDir, (before.mode & 0o7777) | 0o010);
  if (await canEnter(home, user)) return true;
  await chown(dataDir, before.uid, before.gid);
  await chmod(dataDir, before.mode & 0o7777);
  return false;
}

function toEntryRefusal(home: string, user: OsUser | null): string {
  return `The user ${user?.name ?? 'of this process'} cannot enter the database folder ${home}: check the folders above it`;
}

async function lstatOrNull(path: string): Promise<Awaited<ReturnType<typeof lstat>> | null> {
  try {
    return await lstat(path);
  } catch (error) {
    if ((error as NodeJS.ErrnoException).code === 'ENOENT') return null;
    throw error;
  }
}
