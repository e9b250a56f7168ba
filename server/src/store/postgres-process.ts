import { type ChildProcess, spawn } from 'node:child_process';
import { createInterface } from 'node:readline';
import { type OsUser, spawnIdentity } from './os-user.ts';

/** A start may be silent for so long; the recovery after a crash says every 10 s how far it is. */
const START_TIMEOUT_MS = 60_000;
/** How long an immediate stop may take before the process is killed. */
const QUIT_TIMEOUT_MS = 5_000;
const REMEMBERED_LINES = 20;

export interface InitialiseOptions {
  /** Holds `initdb` and `postgres`. */
  readonly binDir: string;
  /** Empty or not there yet; its parent must let `user` write. */
  readonly dataDir: string;
  /** null: the user of this process. */
  readonly user: OsUser | null;
  /** Name of the database's first role. */
  readonly superuser: string;
  /** Whether the files are on disk when it resolves. */
  readonly durable: boolean;
}

/**
 * Makes the files of a new PostgreSQL: UTF-8, locale C, no passwords, and no way in but a Unix socket.
 * @throws Error with the last line that `initdb` printed
 */
export async function initialisePostgres(options: InitialiseOptions): Promise<void> {
  const child = spawn(`${options.binDir}/initdb`, toInitdbArguments(options), {
    cwd: '/',
    env: CHILD_ENV,
    stdio: ['ignore', 'ignore', 'pipe'],
    ...spawnIdentity(options.user),
  });
  const lines: string[] = [];
  followLines(child, lines, () => {});
  const code = await waitForExit(child);
  if (code !== 0) throw new Error(`The database in ${options.dataDir} could not be made: ${lastLine(lines, code)}`);
}

function toInitdbArguments(options: InitialiseOptions): string[] {
  const fixed = ['--auth-local=trust', '--auth-host=reject', '--encoding=UTF8', '--locale=C', '--no-instructions'];
  const given = [`--pgdata=${options.dataDir}`, `--username=${options.superuser}`];
  return [...fixed, ...given, ...(options.durable ? [] : ['--no-sync'])];
}

export interface PostgresProcessOptions {
  readonly binDir: string;
  readonly dataDir: string;
  /** null: the user of this process. */
  readonly user: OsUser | null;
  /** Server parameters by name. */
  readonly settings: Readonly<Record<string, string>>;
  /** Gets each line that the server prints. */
  readonly log?: (line: string) => void;
}

/** A running PostgreSQL, a child of ours in a process group of its own. */
export interface PostgresProcess {
  readonly pid: number;
  /** The exit code, null after a signal. */
  readonly exited: Promise<number | null>;
  /** A fast shutdown (open transactions are rolled back); after `timeoutMs` an immediate one, then SIGKILL. */
  stop(timeoutMs: number): Promise<void>;
}

/**
 * Starts the server and resolves when it answers connections. A terminal's Ctrl-C does not reach it, so that its owner
 * can finish with it first; it is asked to stop when this process exits, and outlives only a SIGKILL of it.
 * @throws Error with the last line that the server printed
 */
export async function startPostgresProcess(options: PostgresProcessOptions): Promise<PostgresProcess> {
  const settings = Object.entries(options.settings).flatMap(([name, value]) => ['-c', `${name}=${value}`]);
  const child = spawn(`${options.binDir}/postgres`, ['-D', options.dataDir, ...settings], {
    cwd: '/',
    env: CHILD_ENV,
    stdio: ['ignore', 'ignore', 'pipe'],
    detached: true,
    ...spawnIdentity(options.user),
  });
  const stopWithUs = (): void => void child.kill('SIGINT');
  process.once('exit', stopWithUs);
  const exited = waitForExit(child).finally(() => process.removeListener('exit', stopWithUs));
  await waitUntilReady(child, exited, options);
  return { pid: child.pid ?? 0, exited, stop: (timeoutMs) => stopChild(child, exited, timeoutMs) };
}

/** Nothing of our environment (PGDATA, PGOPTIONS, LC_*) may change what the server does. */
const CHILD_ENV = { PATH: '/usr/bin:/bin', LC_ALL: 'C', TZ: 'UTC' };

async function waitUntilReady(
  child: ChildProcess,
  exited: Promise<number | null>,
  options: PostgresProcessOptions,
): Promise<void> {
  const lines: string[] = [];
  let timer: NodeJS.Timeout | undefined;
  const ready = new Promise<'ready' | 'timeout'>((resolve) => {
    const wait = (): void => {
      clearTimeout(timer);
      timer = setTimeout(() => resolve('timeout'), START_TIMEOUT_MS);
    };
    let isReady = false;
    wait();
    followLines(child, lines, (line) => {
      isReady ||= line.includes('database system is ready to accept connections');
      if (isReady) resolve('ready');
      else wait();
      options.log?.(line);
    });
  });
  const outcome = await Promise.race([ready, exited]);
  clearTimeout(timer);
  if (outcome === 'ready') return;
  if (outcome === 'timeout') await stopChild(child, exited, 0);
  throw new Error(`The database in ${options.dataDir} did not start: ${lastLine(lines, outcome)}`);
}

async function stopChild(child: ChildProcess, exited: Promise<unknown>, timeoutMs: number): Promise<void> {
  child.kill('SIGINT');
  if ((await within(timeoutMs, exited)) !== 'timeout') return;
  child.kill('SIGQUIT');
  if ((await within(QUIT_TIMEOUT_MS, exited)) !== 'timeout') return;
  child.kill('SIGKILL');
  await exited;
}

async function within<T>(timeoutMs: number, work: Promise<T>): Promise<T | 'timeout'> {
  let timer: NodeJS.Timeout | undefined;
  const timeout = new Promise<'timeout'>((resolve) => {
    timer = setTimeout(() => resolve('timeout'), timeoutMs);
  });
  try {
    return await Promise.race([work, timeout]);
  } finally {
    clearTimeout(timer);
  }
}

/** Resolves when the process is gone and nothing it started holds its standard error any more. */
function waitForExit(child: ChildProcess): Promise<number | null> {
  return new Promise((resolve, reject) => {
    child.once('error', reject);
    child.once('close', resolve);
  });
}

/** Keeps the last lines of standard error in `lines` and tells each. */
function followLines(child: ChildProcess, lines: string[], onLine: (line: string) => void): void {
  if (child.stderr === null) return;
  createInterface({ input: child.stderr }).on('line', (line) => {
    lines.push(line);
    if (lines.length > REMEMBERED_LINES) lines.shift();
    onLine(line);
  });
}

function lastLine(lines: readonly string[], outcome: number | 'timeout' | null): string {
  const complaint = lines.findLast((line) => /FATAL|PANIC|error:/.test(line)) ?? lines.at(-1);
  if (complaint !== undefined) return complaint.replace(/^.*?(FATAL|PANIC|error): */, '');
  return outcome === 'timeout' ? `no answer in ${START_TIMEOUT_MS / 1_000} s` : `exit code ${String(outcome)}`;
}
