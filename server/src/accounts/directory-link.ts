import type pg from 'pg';
import { within } from '../lib/within.ts';
import { readDirectoryVersion } from '../store/directory-store.ts';

const RECONNECT_FIRST_MS = 50;
const RECONNECT_MAX_MS = 1_000;
/** A poll that takes longer is on a connection that is no more. */
const POLL_TIMEOUT_MS = 5_000;

export interface DirectoryLinkOptions {
  /** Opens a connection of its own. */
  readonly connect: () => Promise<pg.Client>;
  readonly pollMs: number;
  /** Somebody changed something. */
  readonly onChange: () => void;
  /** The database answered a poll: the version that it has. */
  readonly onVersion: (version: number) => void;
}

/** A connection that hears of changes, and asks for the version now and then in case it did not hear. */
export interface DirectoryLink {
  [Symbol.asyncDispose](): Promise<void>;
}

/**
 * Listens and polls on one connection, so that a poll's answer proves the listening too. Comes back by itself when the
 * connection breaks, and says `onChange` then, because changes may have been missed.
 */
export function openDirectoryLink(options: DirectoryLinkOptions): DirectoryLink {
  const stopping = new AbortController();
  const running = run(options, stopping.signal);
  return {
    async [Symbol.asyncDispose]() {
      stopping.abort();
      await running;
    },
  };
}

async function run(options: DirectoryLinkOptions, signal: AbortSignal): Promise<void> {
  let waitMs = RECONNECT_FIRST_MS;
  while (!signal.aborted) {
    const client = await options.connect().catch(() => undefined);
    if (client !== undefined) {
      const worked = await follow(client, options, signal);
      if (worked) waitMs = RECONNECT_FIRST_MS;
    }
    await pause(waitMs, signal);
    waitMs = Math.min(waitMs * 2, RECONNECT_MAX_MS);
  }
}

/** Until the connection breaks. @returns false when it never worked */
async function follow(client: pg.Client, options: DirectoryLinkOptions, signal: AbortSignal): Promise<boolean> {
  const broken = new AbortController();
  client.on('error', () => broken.abort());
  client.on('end', () => broken.abort());
  client.on('notification', options.onChange);
  const over = AbortSignal.any([signal, broken.signal]);
  let worked = false;
  try {
    await within(POLL_TIMEOUT_MS, client.query('listen directory_changed'));
    options.onChange();
    while (!over.aborted) {
      options.onVersion(await within(POLL_TIMEOUT_MS, readDirectoryVersion(client)));
      worked = true;
      await pause(options.pollMs, over);
    }
  } catch {
    // The connection is of no use any more; the next one tells whether the database is there.
  }
  await within(RECONNECT_MAX_MS, client.end()).catch(() => {});
  return worked;
}

/** Resolves after `waitMs`, at once when `signal` is or gets aborted. */
async function pause(waitMs: number, signal: AbortSignal): Promise<void> {
  if (signal.aborted) return;
  await new Promise<void>((resolve) => {
    const done = (): void => {
      clearTimeout(timer);
      signal.removeEventListener('abort', done);
      resolve();
    };
    const timer = setTimeout(done, waitMs);
    signal.addEventListener('abort', done);
  });
}
