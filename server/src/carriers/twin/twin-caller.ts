import { setMaxListeners } from 'node:events';
import { Agent, request } from 'undici';
import type { TwinCall } from './twin-dialect.ts';

/** Makes the calls of a twin, and repeats what was not answered with a 2xx, as carriers do. */
export interface TwinCaller extends AsyncDisposable {
  /** Resolves when the call was answered with a 2xx, or given up. */
  call(call: TwinCall): Promise<void>;
  /** Calls that nobody took. */
  readonly refused: number;
  readonly answered: number;
}

const TRIES = 20;
const MAX_WAIT_MS = 2_000;

export function createTwinCaller(timeScale: number): TwinCaller {
  const agent = new Agent({ connections: 20, pipelining: 1 });
  const stopped = new AbortController();
  setMaxListeners(0, stopped.signal);
  const counts = { refused: 0, answered: 0 };

  async function isTaken({ url, headers, body }: TwinCall): Promise<boolean> {
    try {
      const answer = await request(url, { method: 'POST', headers, body, dispatcher: agent, signal: stopped.signal });
      await answer.body.dump();
      return answer.statusCode >= 200 && answer.statusCode <= 299;
    } catch {
      return false;
    }
  }

  return {
    get refused() {
      return counts.refused;
    },
    get answered() {
      return counts.answered;
    },
    async call(call) {
      for (let tries = 0; tries < TRIES && !stopped.signal.aborted; tries++) {
        if (await isTaken(call)) {
          counts.answered++;
          return;
        }
        await wait(Math.min(MAX_WAIT_MS, 100 * 2 ** tries) * timeScale, stopped.signal);
      }
      counts.refused++;
    },
    async [Symbol.asyncDispose]() {
      stopped.abort();
      await agent.destroy();
    },
  };
}

/** Resolves after the time, or at once when `signal` is aborted. */
export async function wait(ms: number, signal: AbortSignal): Promise<void> {
  if (signal.aborted) return;
  await new Promise<void>((resolve) => {
    const end = (): void => {
      clearTimeout(timer);
      signal.removeEventListener('abort', end);
      resolve();
    };
    const timer = setTimeout(end, ms);
    signal.addEventListener('abort', end);
  });
}
