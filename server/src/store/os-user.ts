import { execFile } from 'node:child_process';
import { readFile } from 'node:fs/promises';
import { promisify } from 'node:util';

const run = promisify(execFile);

/** A user of the operating system that a child process is started as. */
export interface OsUser {
  readonly name: string;
  readonly uid: number;
  readonly gid: number;
}

/**
 * The user that a PostgreSQL of ours runs as: null is the user of this process. PostgreSQL refuses to run as root, so
 * root uses `postgres` where there is one, else `nobody`.
 * @throws Error when root finds neither
 */
export async function chooseDatabaseUser(): Promise<OsUser | null> {
  if (process.getuid?.() !== 0) return null;
  const users = parsePasswd(await readFile('/etc/passwd', 'utf8'));
  const user = users.get('postgres') ?? users.get('nobody');
  if (user === undefined) {
    throw new Error('PostgreSQL does not run as root, and there is no user postgres or nobody: start as another user');
  }
  return user;
}

/** The users of a file in the form of passwd(5), by name. */
export function parsePasswd(text: string): Map<string, OsUser> {
  const users = new Map<string, OsUser>();
  for (const line of text.split('\n')) {
    const [name, , uid, gid] = line.split(':');
    if (name && uid && gid) users.set(name, { name, uid: Number(uid), gid: Number(gid) });
  }
  return users;
}

/** Whether `user` (null: ourselves) can enter the folder; asks the system, so ACLs and mounts count. */
export async function canEnter(folder: string, user: OsUser | null): Promise<boolean> {
  try {
    await run('/bin/sh', ['-c', 'cd -- "$1"', 'sh', folder], { cwd: '/', ...spawnIdentity(user) });
    return true;
  } catch {
    return false;
  }
}

/** The part of the spawn options that makes a child run as `user`. */
export function spawnIdentity(user: OsUser | null): { uid?: number; gid?: number } {
  return user === null ? {} : { uid: user.uid, gid: user.gid };
}
