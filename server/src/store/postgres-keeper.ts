import { pause } from '../lib/pause.ts';
import type { PostgresProcess } from './postgres-process.ts';

const RESTART_FIRST_MS = 100;
const RESTART_MAX_MS = 5_000;
/** A server that ran for so long had started well. */
const SETTLED_MS = 10_000;

export interface PostgresKeeperOptions {
  /** Starts the server on the same files and the same socket. */
  readonly restart: () => Promise<PostgresProcess>;
  /** The server ended by itself, or did not start; it will be started again. */
  readonly onFailure: (error: Error) => void;
}

/** A server that is started again when it ends by itself. */
export interface PostgresKeeper {
  /** The exit code of the last server, null after a signal, when there will be no other. */
  readonly exited: Promise<number | null>;
  /** Stops the server for good; see `PostgresProcess.stop`. */
  stop(timeoutMs: number): Promise<void>;
}

/**
 * Keeps a server running: after a crash, a kill or a full disk it is started again, at once and then after growing pauses
 * of up to 5 s, until it is stopped.
 */
export function keepPostgres(first: PostgresProcess, { restart, onFailure }: PostgresKeeperOptions): PostgresKeeper {
  const stopping = new AbortController();
  let server = first;
  let waitMs = RESTART_FIRST_MS;
  let stopTimeoutMs = 0;

  async function keep(): Promise<number | null> {
    for (;;) {
      const startedMs = performance.now();
      const code = await server.exited;
      if (stopping.signal.aborted) return code;
      onFailure(
        new Error(`The embedded PostgreSQL ended by itself (exit code ${code ?? 'none'}); it is started again`),
      );
      if (performance.now() - startedMs > SETTLED_MS) waitMs = RESTART_FIRST_MS;
      const next = await startAgain();
      if (next === undefined) return code;
      server = next;
      // It was asked to stop while it was being started.
      if (stopping.signal.aborted) await server.stop(stopTimeoutMs);
    }
  }

  /** undefined: stopped meanwhile. */
  async function startAgain(): Promise<PostgresProcess | undefined> {
    for (;;) {
      await pause(waitMs, stopping.signal);
      waitMs = Math.min(waitMs * 2, RESTART_MAX_MS);
      if (stopping.signal.aborted) return undefined;
      try {
        return await restart();
      } catch (error) {
        onFailure(error instanceof Error ? error : new Error(String(error)));
      }
    }
  }

  const exited = keep();
  return {
    exited,
    async stop(timeoutMs) {
      stopTimeoutMs = timeoutMs;
      stopping.abort();
      await server.stop(timeoutMs);
      await exited;
    },
  };
}
