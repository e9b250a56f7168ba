import { setTimeout as pause } from 'node:timers/promises';

export interface Pace {
  readonly startMs: number;
  readonly endMs: number;
  readonly requestsPerSecond: number;
}

/**
 * Calls `send` at an even pace, however long it takes (open loop): what is due while all connections are busy waits for
 * the first that is free, and `dueMs` tells since when. Resolves when all that was due is sent.
 */
export async function keepPace<Connection>(
  connections: readonly Connection[],
  { startMs, endMs, requestsPerSecond }: Pace,
  send: (connection: Connection, dueMs: number) => Promise<void>,
): Promise<void> {
  const free = [...connections];
  const waiting: number[] = [];
  const running = new Set<Promise<void>>();

  async function work(connection: Connection): Promise<void> {
    for (let dueMs = waiting.shift(); dueMs !== undefined; dueMs = waiting.shift()) await send(connection, dueMs);
    free.push(connection);
  }

  function startWaiting(): void {
    while (waiting.length > 0) {
      const connection = free.pop();
      if (connection === undefined) return;
      const run = work(connection).finally(() => running.delete(run));
      running.add(run);
    }
  }

  const gapMs = 1_000 / requestsPerSecond;
  for (let count = 0, nowMs = startMs; nowMs < endMs; nowMs = performance.now()) {
    for (; startMs + count * gapMs <= nowMs; count++) waiting.push(startMs + count * gapMs);
    startWaiting();
    await pause(1);
  }
  await Promise.all(running);
}
