import type { Topic } from './log.ts';

interface Waiter {
  readonly topic: Topic;
  readonly partition: number;
  readonly afterSeq: number;
  readonly release: () => void;
}

export interface Waiters {
  readonly size: number;
  /** Resolves at the first `wake` past `afterSeq`, at `releaseAll`, or when `signal` aborts. */
  wait(topic: Topic, partition: number, afterSeq: number, signal: AbortSignal): Promise<void>;
  wake(topic: Topic, partition: number, newestSeq: number): void;
  releaseAll(): void;
}

/**
 * Readers that wait for entries. While there are any, `poll` runs every `pollMs`: it finds the entries that nobody
 * announced and wakes their readers; it must not reject.
 */
export function createWaiters(pollMs: number, poll: () => void): Waiters {
  const waiters = new Set<Waiter>();
  let timer: NodeJS.Timeout | undefined;

  function stopPolling(): void {
    if (waiters.size > 0) return;
    clearInterval(timer);
    timer = undefined;
  }

  return {
    get size() {
      return waiters.size;
    },
    wait(topic, partition, afterSeq, signal) {
      if (signal.aborted) return Promise.resolve();
      return new Promise((resolve) => {
        const waiter: Waiter = { topic, partition, afterSeq, release };
        function release(): void {
          waiters.delete(waiter);
          signal.removeEventListener('abort', release);
          stopPolling();
          resolve();
        }
        signal.addEventListener('abort', release);
        waiters.add(waiter);
        timer ??= setInterval(poll, pollMs);
      });
    },
    wake(topic, partition, newestSeq) {
      for (const waiter of waiters) {
        const isMeant = waiter.topic === topic && waiter.partition === partition;
        if (isMeant && newestSeq > waiter.afterSeq) waiter.release();
      }
    },
    releaseAll() {
      for (const waiter of waiters) waiter.release();
    },
  };
}
