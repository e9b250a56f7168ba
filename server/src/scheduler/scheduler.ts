import { pause } from '../lib/pause.ts';
import { DAY_MS, HOUR_MS, MINUTE_MS, SECOND_MS } from '../lib/clock.ts';

/** Work that is due again and again, whichever process does it. */
export interface DueWork {
  readonly name: string;
  readonly everyMs: number;
  /** Safe to run in several processes at once. Resolves with true when there is more to do right away. */
  run(): Promise<boolean>;
}

export interface Scheduler {
  start(): void;
  /** Waits for what is running. */
  stop(): Promise<void>;
}

/** Runs each piece of work by its own clock; a failure is reported and tried again at the next turn. */
export function createScheduler(works: readonly DueWork[], onError: (error: unknown, work: string) => void): Scheduler {
  const stopping = new AbortController();
  let running: Promise<unknown> = Promise.resolve();

  async function repeat(work: DueWork): Promise<void> {
    while (!stopping.signal.aborted) {
      let more = false;
      try {
        more = await work.run();
      } catch (error) {
        onError(error, work.name);
      }
      if (!more) await pause(work.everyMs, stopping.signal);
    }
  }

  return {
    start() {
      running = Promise.all(works.map(repeat));
    },
    async stop() {
      stopping.abort();
      await running;
    },
  };
}

export const EVERY = { second: SECOND_MS, tenMinutes: 10 * MINUTE_MS, hour: HOUR_MS, day: DAY_MS } as const;
