import { fileURLToPath } from 'node:url';
import type { Limits } from '../../src/app/limits.ts';
import { type Env, type Finished, readJson, type RunningCli, startCli } from '../../../cli/test/helpers/run-cli.ts';
import type { TestDatabase } from './test-database.ts';
import { until } from './until.ts';

/** The built server as a process of its own; disposing ends it if it still runs. */
export interface ServerProcess extends AsyncDisposable {
  readonly url: string;
  readonly pid: number;
  /** What it printed so far. */
  output(): string;
  /** SIGKILL; what it started is left behind, as after a crash. */
  crash(): Promise<void>;
  /** SIGSTOP, until `resume`. */
  pause(): void;
  resume(): void;
  /** Collects its garbage soon; only of a server with limits. */
  collect(): void;
  /** SIGTERM, and the end. */
  stop(): Promise<Finished>;
}

const LIMITED_PROGRAM = fileURLToPath(new URL('./limited-server-program.mjs', import.meta.url));

/** `trackly up` on a free port of this machine, by default with its own limits; resolves when it is ready. */
export async function startServer(env: Env, limits?: Limits): Promise<ServerProcess> {
  const own = { HOST: '127.0.0.1', PORT: '0', TRACKLY_LOG_LEVEL: 'error', ...env };
  const cli = limits === undefined ? startCli(['up'], own) : startCli([JSON.stringify(limits)], own, LIMITED_PROGRAM);
  let ended: Finished | undefined;
  void cli.finished.then((finished) => (ended = finished));
  const stop = (): Promise<Finished> => end(cli, 'SIGTERM');
  const readUrl = (): string | undefined => /^Trackly is ready at (\S+)$/m.exec(cli.output())?.[1];
  await until(
    'the server is ready',
    () => {
      if (ended !== undefined) throw new Error(`The server ended with ${ended.code}: ${ended.stdout}${ended.stderr}`);
      return readUrl() !== undefined;
    },
    60_000,
  );
  return {
    url: readUrl() ?? '',
    pid: cli.pid,
    pause: () => cli.kill('SIGSTOP'),
    resume: () => cli.kill('SIGCONT'),
    collect: () => cli.kill('SIGUSR2'),
    output: () => cli.output(),
    stop,
    async crash() {
      await end(cli, 'SIGKILL');
    },
    async [Symbol.asyncDispose]() {
      if (ended !== undefined) return;
      cli.kill('SIGCONT');
      await stop();
    },
  };
}

async function end(cli: RunningCli, signal: NodeJS.Signals): Promise<Finished> {
  cli.kill(signal);
  return await cli.finished;
}

/** Lifts the send rate of the list that a new installation has. */
export async function liftRate(env: Env): Promise<void> {
  await readJson(['lists', 'set', '+18005551000', '--setting', 'send_rate_per_minute=1000000'], env);
}

/** Points a server to a test database instead of its own PostgreSQL. */
export function useDatabase({ name, connection }: TestDatabase): Env {
  return { DATABASE_URL: `postgres:///${name}?host=${String(connection.host)}&user=${String(connection.user)}` };
}
