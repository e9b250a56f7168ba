import type { Client } from 'pg';
import { pause } from '../lib/pause.ts';
import { within } from '../lib/within.ts';
import type { Queryable } from './queryable.ts';

const CHANNEL = 'outbound_due';
const RECONNECT_MS = 1_000;
const LISTEN_TIMEOUT_MS = 5_000;
/** A server that does not answer does not take its leave either. */
const END_TIMEOUT_MS = 1_000;

/** Tells every process that sends that these lists have something due; within a transaction, when it commits. */
export async function tellDue(db: Queryable, listIds: Iterable<number>): Promise<void> {
  const payload = [...new Set(listIds)].join(' ');
  if (payload === '') return;
  await db.query({ name: 'outbound_due.tell', text: `select pg_notify('${CHANNEL}', $1)`, values: [payload] });
}

export interface DueSignalOptions {
  /** Opens a connection of its own; called again when it breaks. */
  readonly connect: () => Promise<Client>;
  readonly onDue: (listIds: number[]) => void;
}

/** Hears what `tellDue` says. What is missed while the connection is away is found by the dispatcher's poll. */
export interface DueSignal {
  [Symbol.asyncDispose](): Promise<void>;
}

export function openDueSignal(options: DueSignalOptions): DueSignal {
  const stopping = new AbortController();
  const running = listen(options, stopping.signal);
  return {
    async [Symbol.asyncDispose]() {
      stopping.abort();
      await running;
    },
  };
}

async function listen({ connect, onDue }: DueSignalOptions, signal: AbortSignal): Promise<void> {
  while (!signal.aborted) {
    const client = await connect().catch(() => undefined);
    if (client !== undefined) {
      const broken = untilBroken(client, signal);
      client.on('notification', ({ payload }) => onDue((payload ?? '').split(' ').map(Number)));
      const listening = await within(LISTEN_TIMEOUT_MS, client.query(`listen ${CHANNEL}`)).catch(() => null);
      if (listening !== null) await broken;
      await within(END_TIMEOUT_MS, client.end()).catch(() => {});
    }
    await pause(RECONNECT_MS, signal);
  }
}

function untilBroken(client: Client, signal: AbortSignal): Promise<void> {
  return new Promise((resolve) => {
    client.on('error', () => resolve());
    client.on('end', () => resolve());
    signal.addEventListener('abort', () => resolve(), { once: true });
  });
}
