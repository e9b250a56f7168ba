import type { Client } from 'pg';
import { pause } from '../lib/pause.ts';
import { within } from '../lib/within.ts';

const RECONNECT_FIRST_MS = 50;
const RECONNECT_MAX_MS = 1_000;
/** A poll that takes longer is on a connection that is no more. */
const POLL_TIMEOUT_MS = 5_000;

export interface ListeningOptions {
  /** Opens a connection of its own; called again when it breaks. */
  readonly connect: () => Promise<Client>;
  readonly channels: readonly string[];
  readonly pollMs: number;
  /** Asks something, again and again: an answer proves that the connection stands, and so the listening. */
  readonly poll: (client: Client) => Promise<void>;
  /**
   * Nothing is missed from here on; before it, something may have been. Awaited before the first poll; when it fails, the
   * connection is of no use.
   */
  readonly onListening: (client: Client) => Promise<void> | void;
  readonly onNotification: (channel: string, payload: string) => void;
  /** What is said from here on may be missed. */
  readonly onBroken?: () => void;
}

export interface Listening {
  [Symbol.asyncDispose](): Promise<void>;
}

/**
 * Listens and polls on one connection. PostgreSQL delivers what was committed before a poll no later than its answer. Comes
 * back by itself when the connection breaks.
 */
export function openListening(options: ListeningOptions): Listening {
  const stopping = new AbortController();
  const running = run(options, stopping.signal);
  return {
    async [Symbol.asyncDispose]() {
      stopping.abort();
      await running;
    },
  };
}

async function run(options: ListeningOptions, signal: AbortSignal): Promise<void> {
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
async function follow(client: Client, options: ListeningOptions, signal: AbortSignal): Promise<boolean> {
  const broken = new AbortController();
  client.on('error', () => broken.abort());
  client.on('end', () => broken.abort());
  client.on('notification', ({ channel, payload }) => options.onNotification(channel, payload ?? ''));
  const over = AbortSignal.any([signal, broken.signal]);
  over.addEventListener('abort', () => options.onBroken?.(), { once: true });
  let worked = false;
  try {
    for (const channel of options.channels) await within(POLL_TIMEOUT_MS, client.query(`listen ${channel}`));
    await within(POLL_TIMEOUT_MS, Promise.resolve(options.onListening(client)));
    while (!over.aborted) {
      await within(POLL_TIMEOUT_MS, options.poll(client));
      worked = true;
      await pause(options.pollMs, over);
    }
  } catch {
    // The connection is of no use any more; the next one tells whether the database is there.
  }
  broken.abort();
  await within(RECONNECT_MAX_MS, client.end()).catch(() => {});
  return worked;
}
