import { hash } from 'node:crypto';
import type pg from 'pg';
import { type Clock, MINUTE_MS, SECOND_MS } from '../lib/clock.ts';
import { createCredentialReader } from '../secrets/index.ts';
import { readDirectory, touchKeys } from '../store/directory-store.ts';
import type { Pool } from '../store/pool.ts';
import { toDatabaseError } from '../store/transaction.ts';
import { openDirectoryLink } from './directory-link.ts';
import { type Snapshot, toSnapshot } from './directory-rows.ts';
import type { ApiKey, Directory } from './directory-types.ts';

const TOUCH_EVERY_MS = 5 * SECOND_MS;
/** Secrets in memory at the most, valid ones only. */
const MAX_KNOWN_SECRETS = 10_000;

export interface DirectoryOptions {
  readonly pool: Pool;
  /** Opens a connection of its own for listening; called again whenever it breaks. */
  readonly connect: () => Promise<pg.Client>;
  readonly clock: Clock;
  /** Opens the credentials of lists. */
  readonly secretKey: Buffer;
  /** How often the version is asked for, in case a notification was lost. Default 1,000. */
  readonly pollMs?: number;
  /**
   * For so long after the database was last heard from may the snapshot answer. null: for ever, for a database that
   * only this process tree can change.
   */
  readonly staleAfterMs: number | null;
  /** A load in the background failed; it is tried again. */
  readonly onError?: (error: unknown) => void;
}

/**
 * Loads all accounts, keys and lists and follows their changes.
 * @throws DatabaseUnavailableError when the first load fails
 */
export async function openDirectory(options: DirectoryOptions): Promise<Directory> {
  const { pool, clock, staleAfterMs } = options;
  let heardMs = clock();
  const readCredentials = createCredentialReader(options.secretKey);
  let snapshot = toSnapshot(await load(pool), readCredentials);
  const refresh = oneAtATime(async () => {
    const startedMs = clock();
    const loaded = toSnapshot(await load(pool), readCredentials);
    if (loaded.version >= snapshot.version) snapshot = loaded;
    heardMs = Math.max(heardMs, startedMs);
  });
  const refreshInBackground = (): void => void refresh().catch((error: unknown) => options.onError?.(error));
  const link = openDirectoryLink({
    connect: options.connect,
    pollMs: options.pollMs ?? SECOND_MS,
    onChange: refreshInBackground,
    onVersion(version) {
      if (version === snapshot.version) heardMs = clock();
      else refreshInBackground();
    },
  });
  const uses = openKeyUses(pool, clock);
  const findKey = rememberKeys(() => snapshot);
  return {
    findKey(secret) {
      const key = findKey(secret);
      if (key !== undefined) uses.note(key.id);
      return key;
    },
    ...lookUps(() => snapshot),
    silentMs: () => clock() - heardMs,
    isCurrent: () => staleAfterMs === null || clock() - heardMs < staleAfterMs,
    refresh,
    async [Symbol.asyncDispose]() {
      await link[Symbol.asyncDispose]();
      await uses[Symbol.asyncDispose]();
    },
  };
}

/** Looks a key up by its hash, and the few secrets that are in use by themselves: hashing takes longer than all the rest. */
function rememberKeys(now: () => Snapshot): (secret: string) => ApiKey | undefined {
  const known = new Map<string, ApiKey>();
  let knownOf = now();
  return (secret) => {
    const snapshot = now();
    if (snapshot !== knownOf || known.size > MAX_KNOWN_SECRETS) known.clear();
    knownOf = snapshot;
    const remembered = known.get(secret);
    if (remembered !== undefined) return remembered;
    const key = snapshot.keys.get(hash('sha256', secret, 'hex'));
    if (key !== undefined) known.set(secret, key);
    return key;
  };
}

type LookUps = Pick<Directory, 'account' | 'list' | 'listByNumber' | 'listByV1Id' | 'listsOf' | 'lists' | 'wantsEvent'>;

function lookUps(now: () => Snapshot): LookUps {
  return {
    account: (id) => now().accounts.get(id),
    list: (id) => now().lists.get(id),
    listByNumber: (number) => now().listsByNumber.get(number),
    listByV1Id: (v1Id) => now().listsByV1Id.get(v1Id),
    listsOf: (accountId) => now().listsByAccount.get(accountId) ?? [],
    lists: () => now().liveLists,
    wantsEvent(accountId, event) {
      const wanted = now().wantedEvents.get(accountId);
      return wanted !== undefined && (wanted.has(event) || wanted.has('*'));
    },
  };
}

async function load(pool: Pool): Promise<Awaited<ReturnType<typeof readDirectory>>> {
  try {
    return await readDirectory(pool);
  } catch (error) {
    throw toDatabaseError(error);
  }
}

/** Calls during a run share the next run, so that each call is followed by a run that began after it. */
function oneAtATime(run: () => Promise<void>): () => Promise<void> {
  let current: Promise<void> | undefined;
  let next: Promise<void> | undefined;
  function start(): Promise<void> {
    next = undefined;
    current = run().finally(() => {
      current = undefined;
    });
    return current;
  }
  return () => {
    if (current === undefined) return start();
    next ??= current.then(start, start);
    return next;
  };
}

/** Notes uses of keys in the background, each key's at most once a minute. */
function openKeyUses(pool: Pool, clock: Clock): AsyncDisposable & { note(keyId: string): void } {
  const pending = new Map<string, number>();
  const writtenMs = new Map<string, number>();
  let writing: Promise<void> = Promise.resolve();

  async function write(): Promise<void> {
    const nowMs = clock();
    const due = new Map([...pending].filter(([id]) => nowMs - (writtenMs.get(id) ?? -MINUTE_MS) >= MINUTE_MS));
    if (due.size === 0) return;
    await touchKeys(pool, due);
    for (const [id, usedMs] of due) {
      writtenMs.set(id, nowMs);
      if (pending.get(id) === usedMs) pending.delete(id);
    }
  }

  // A failed write keeps its uses for the next round.
  const timer = setInterval(() => void (writing = writing.then(write).catch(() => {})), TOUCH_EVERY_MS);
  timer.unref();
  return {
    note: (keyId) => void pending.set(keyId, clock()),
    async [Symbol.asyncDispose]() {
      clearInterval(timer);
      await writing.then(write).catch(() => {});
    },
  };
}
