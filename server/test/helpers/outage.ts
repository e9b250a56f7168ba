import { setTimeout as sleep } from 'node:timers/promises';
import { expect } from 'vitest';
import { type ApiAnswer, callApi } from './api-call.ts';
import type { FaultyPostgres } from './faulty-postgres.ts';

/** A way in which a database is away. */
export interface Fault {
  readonly name: string;
  /** The database is away when it resolves, until `signal` aborts; `over` resolves when it was let come back. */
  readonly takeAway: (postgres: FaultyPostgres, signal: AbortSignal) => Promise<{ readonly over: Promise<void> }>;
}

export const STOPPED: Fault = {
  name: 'stopped',
  async takeAway(postgres, signal) {
    expect(await postgres.signal('SIGSTOP')).toBeGreaterThan(5);
    async function comeBack(): Promise<void> {
      await untilAborted(signal);
      await postgres.signal('SIGCONT');
    }
    return { over: comeBack() };
  },
};

export const KILLED: Fault = {
  name: 'killed whenever it starts',
  async takeAway(postgres, signal) {
    let kills = 1;
    expect(await postgres.signal('SIGKILL')).toBeGreaterThan(5);
    async function killAgain(): Promise<void> {
      while (!signal.aborted) {
        await sleep(5);
        if ((await postgres.signal('SIGKILL')) > 0) kills++;
      }
      if (postgres.keeper === 'the server') expect(kills).toBeGreaterThan(2);
      await postgres.restart();
    }
    return { over: killAgain() };
  },
};

export async function untilAborted(signal: AbortSignal): Promise<void> {
  if (signal.aborted) return;
  await new Promise((resolve) => signal.addEventListener('abort', resolve, { once: true }));
}

/** What clients see of an outage. */
export interface Seen {
  readonly singles: readonly ApiAnswer[];
  readonly bulks: readonly ApiAnswer[];
  readonly receipts: readonly ApiAnswer[];
  /** Sends with an Idempotency-Key: the nth has the key `away-n`. */
  readonly keyed: readonly ApiAnswer[];
  readonly reads: readonly ApiAnswer[];
}

export interface Known {
  readonly key: string;
  readonly account: string;
  /** Messages that wait for a receipt. */
  readonly pending: readonly string[];
}

export const AWAY_MESSAGE = {
  to: '+13125550142',
  list_number: '+18005551000',
  body: 'While the database is away',
};
/** Every message is asked for in the end, so there must not be too many. */
const PACE_MS = 20;

/** Each road in a sequence of its own, until `signal` aborts. */
export async function probe(url: string, { key, account, pending }: Known, signal: AbortSignal): Promise<Seen> {
  const bulk = { messages: [AWAY_MESSAGE, AWAY_MESSAGE, AWAY_MESSAGE] };
  const feedback = `${url}/api/webhook-feedbacks/simulator?account=${account}`;
  const [singles, bulks, receipts, keyed, reads] = await Promise.all([
    repeat(signal, () => callApi(`${url}/api/v2/send`, { key, body: AWAY_MESSAGE })),
    repeat(signal, () => callApi(`${url}/api/v2/send/bulk`, { key, body: bulk })),
    repeat(signal, (turn) => {
      const id = pending[turn % pending.length];
      return callApi(feedback, { key, body: { type: 'status', id, state: 'delivered' } });
    }),
    repeat(signal, (turn) =>
      callApi(`${url}/api/v2/send`, { key, body: AWAY_MESSAGE, idempotencyKey: `away-${turn}` }),
    ),
    repeat(signal, () => callApi(`${url}/api/v2/messages/${pending[0] ?? ''}`, { key })),
  ]);
  return { singles, bulks, receipts, keyed, reads };
}

async function repeat(signal: AbortSignal, ask: (turn: number) => Promise<ApiAnswer>): Promise<ApiAnswer[]> {
  const answers: ApiAnswer[] = [];
  for (let turn = 0; !signal.aborted; turn++) {
    answers.push(await ask(turn));
    await sleep(PACE_MS);
  }
  return answers;
}
