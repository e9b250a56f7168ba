import { randomBytes } from 'node:crypto';
import { access, constants, mkdir, open, readFile, rename } from 'node:fs/promises';
import { dirname, join, resolve } from 'node:path';
import { lockFolder } from './folder-lock.ts';

const SECRET_FILE = 'secret.key';
const SECRET_BYTES = 32;

/** The folder cannot be used; the message is one sentence for the operator. */
export class DataFolderError extends Error {
  override readonly name = 'DataFolderError';
}

/** The data folder, held by this process alone until disposed. */
export interface DataFolder {
  /** Absolute. */
  readonly path: string;
  /** 32 bytes: encrypts credentials and keys the permutations of ids. */
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

/** null: there is none yet. */
async function readSecret(path: string): Promise<Buffer | null> {
  const file = join(path, SECRET_FILE);
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
async function makeSecret(path: string): Promise<Buffer> {
  const secret = randomBytes(SECRET_BYTES);
  const draft = join(path, `${SECRET_FILE}.new`);
  try {
    const file = await open(draft, 'w', 0o600);
    await file.writeFile(`${secret.toString('base64')}\n`);
    await file.sync();
    await file.close();
    await rename(draft, join(path, SECRET_FILE));
  } catch (error) {
    throw toFolderError(path, 'written', error);
  }
  return secret;
}
