import { Client } from 'pg';

import { within } from '../lib/within.ts';
import type { Pool } from '../store/pool.ts';

import type { Topic } from './log.ts';

const CHANNEL = 'log_appended';
/** A server that does not answer does not take its leave either. */
const END_TIMEOUT_MS = 1_000;

export interface Listener {
  /** Connects when there is no connection; resolves also when that fails, since readers poll as well. */
  start(): Promise<void>;
  /** Tells the other processes. Announcements made while one is on its way go together. */
  announce(topic: Topic, partition: number, lastSeq: number): void;
  stop(): Promise<void>;
}

/** Hears of appends on a connection of its own, made from the options of `pool`, and tells of ours by `pool`. */
export function createListener(
  pool: Pool,
  onAppended: (topic: Topic, partition: number, lastSeq: number) => void,
): Listener {
  let client: Client | undefined;
  let starting: Promise<void> | undefined;
  let announcing: Promise<void> | undefined;
  const unannounced = new Map<string, number>();
  let stopped = false;

  async function connect(): Promise<void> {
    const next = new Client(pool.options);
    const forget = (): void => {
      if (client === next) client = undefined;
    };
    next.on('error', forget);
    next.on('end', forget);
    next.on('notification', ({ payload }) => hear(payload ?? ''));
    try {
      await next.connect();
      await next.query(`listen ${CHANNEL}`);
      if (stopped) await end(next);
      else client = next;
    } catch {
      await end(next);
    }
  }

  function hear(payload: string): void {
    for (const line of payload.split(' ')) {
      const [topic, partition, seq] = line.split('/');
      if (topic === 'outbound' || topic === 'events') onAppended(topic, Number(partition), Number(seq));
    }
  }

  async function sendAnnouncements(): Promise<void> {
    while (unannounced.size > 0) {
      const payload = [...unannounced].map(([lane, seq]) => `${lane}/${seq}`).join(' ');
      unannounced.clear();
      try {
        await pool.query({ name: 'log-announce', text: `select pg_notify('${CHANNEL}', $1)`, values: [payload] });
      } catch {
        // Not told: the other processes find the entries by polling.
      }
    }
    announcing = undefined;
  }

  async function end(ending: Client): Promise<void> {
    await within(END_TIMEOUT_MS, ending.end()).catch(() => {});
  }

  return {
    async start() {
      if (client !== undefined || stopped) return;
      starting ??= connect().finally(() => {
        starting = undefined;
      });
      await starting;
    },
    announce(topic, partition, lastSeq) {
      unannounced.set(`${topic}/${partition}`, lastSeq);
      announcing ??= sendAnnouncements();
    },
    async stop() {
      stopped = true;
      const underWay = Promise.all([starting, announcing]);
      await within(END_TIMEOUT_MS, underWay).catch(() => {});
      if (client !== undefined) await end(client);
    },
  };
}
