import { randomBytes } from 'node:crypto';
import { access, constants, mkdir, open, readFile, rename } from 'node:fs/promises';
import { dirname, join, resolve } from 'node:path';
import { lockFolder } from './folder-lock.ts';

const SECRET_FILE = 'secret.key';
/** The secret that is about to take the place of the other one. */
const NEXT_SECRET_FILE = 'secret.key.next';
const SECRET_BYTES = 32;

/** The folder cannot be used; the message is one sentence for the operator. */
export class DataFolderError extends Error {
  override readonly name = 'DataFolderError';
}

/** The data folder, held by this process alone until disposed. */
export interface DataFolder {
  /** Absolute. */
  readonly path: string;
  /** 32 bytes: seals the keys of the installation. */
  readonly secretKey: Buffer;
  [Symbol.asyncDispose](): Promise<void>;
}

/**
 * Makes the folder when it is missing (mode 0700), takes it for this process, and reads its secret or makes one.
 * @param secretKey the one from the settings, null: the folder's own
 * @throws DataFolderError when it cannot be written; FolderInUseError when another process has it
 */
export async function openDataFolder(folder: string, secretKey: Buffer | null): Promise<DataFolder> {
  const path = resolve(folder);
  await makeFolder(path);
  const lock = await lockFolder(path, 'data folder');
  try {
    const secret = secretKey ?? (await readSecret(path)) ?? (await makeSecret(path));
    return { path, secretKey: secret, [Symbol.asyncDispose]: () => lock[Symbol.asyncDispose]() };
  } catch (error) {
    await lock[Symbol.asyncDispose]();
    throw error;
  }
}

/**
 * The secret of a folder, without taking the folder: for commands that run beside the server.
 * @throws DataFolderError when there is none
 */
export async function readSecretKey(folder: string): Promise<Buffer> {
  const secret = await readSecret(resolve(folder));
  if (secret === null)
    throw new DataFolderError(`The data folder ${folder} has no ${SECRET_FILE}: start the server first`);
  return secret;
}

async function makeFolder(path: string): Promise<void> {
  try {
    await mkdir(dirname(path), { recursive: true });
    await mkdir(path, { mode: 0o700 });
  } catch (error) {
    if ((error as NodeJS.ErrnoException).code !== 'EEXIST') throw toFolderError(path, 'made', error);
  }
  try {
    await access(`${path}/`, constants.R_OK | constants.W_OK | constants.X_OK);
  } catch (error) {
    throw toFolderError(path, 'written', error);
  }
}

const REASONS: Readonly<Record<string, string>> = {
  EACCES: 'permission denied',
  EPERM: 'permission denied',
  EROFS: 'the file system is read-only',
  ENOSPC: 'the disk is full',
  ENOTDIR: 'it or a part of its path is not a folder',
};

function toFolderError(path: string, verb: string, error: unknown): DataFolderError {
  const { code, message } = error as NodeJS.ErrnoException;
  const reason = REASONS[code ?? ''] ?? message;
  const text = `The data folder ${path} cannot be ${verb} (${reason}): set TRACKLY_DATA_DIR to a folder that can`;
  return new DataFolderError(text, { cause: error });
}

/** Makes the secret that is to replace that of the folder; a start does not take it for the folder's. */
export async function makeNextSecret(folder: string): Promise<Buffer> {
  return await makeSecret(resolve(folder), NEXT_SECRET_FILE);
}

/** null: no change is under way. */
export async function readNextSecret(folder: string): Promise<Buffer | null> {
  return await readSecret(resolve(folder), NEXT_SECRET_FILE);
}

/** Puts the next secret in the place of the other one; does nothing when that was done already. */
export async function adoptNextSecret(folder: string): Promise<void> {
  const path = resolve(folder);
  try {
    await rename(join(path, NEXT_SECRET_FILE), join(path, SECRET_FILE));
    await syncFolder(path);
  } catch (error) {
    if ((error as NodeJS.ErrnoException).code !== 'ENOENT') throw toFolderError(path, 'written', error);
  }
}

/** null: there is none yet. */
async function readSecret(path: string, name = SECRET_FILE): Promise<Buffer | null> {
  const file = join(path, name);
  let text: string;
  try {
    text = await readFile(file, 'utf8');
  } catch (error) {
    if ((error as NodeJS.ErrnoException).code === 'ENOENT') return null;
    throw new DataFolderError(`The file ${file} cannot be read: ${(error as Error).message}`, { cause: error });
  }
  const secret = Buffer.from(text.trim(), 'base64');
  if (secret.length !== SECRET_BYTES)
    throw new DataFolderError(`The file ${file} does not hold ${SECRET_BYTES} bytes of base64`);
  return secret;
}

/** Whole or not at all: half a secret would make stored credentials unreadable. */
async function makeSecret(path: string, name = SECRET_FILE): Promise<Buffer> {
  const secret = randomBytes(SECRET_BYTES);
  const draft = join(path, `${name}.new`);
  try {
    const file = await open(draft, 'w', 0o600);
    await file.writeFile(`${secret.toString('base64')}\n`);
    await file.sync();
    await file.close();
    await rename(draft, join(path, name));
    await syncFolder(path);
  } catch (error) {
    throw toFolderError(path, 'written', error);
  }
  return secret;
}

/** What was renamed in a folder is there after a power cut only once the folder is synced. */
async function syncFolder(path: string): Promise<void> {
  const folder = await open(path, 'r');
  try {
    await folder.sync();
  } finally {
    await folder.close();
  }
}
