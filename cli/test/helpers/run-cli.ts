import { type ChildProcessByStdio, spawn } from 'node:child_process';
import { mkdtemp, readlink, rm } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import type { Readable } from 'node:stream';
import { fileURLToPath } from 'node:url';

/** The built command line. */
export const PROGRAM = fileURLToPath(new URL('../../bin/trackly.mjs', import.meta.url));

export type Env = Readonly<Record<string, string>>;

export interface Finished {
  readonly code: number | null;
  readonly stdout: string;
  readonly stderr: string;
}

export interface RunningCli {
  readonly pid: number;
  readonly finished: Promise<Finished>;
  /** What it printed so far. */
  output(): string;
  kill(signal: NodeJS.Signals): void;
}

/** Runs the built command line to its end. */
export async function runCli(args: readonly string[], env: Env): Promise<Finished> {
  return await startCli(args, env).finished;
}

/** The JSON that a command prints; fails when it does not end with 0. */
export async function readJson<T>(args: readonly string[], env: Env): Promise<T> {
  const { code, stdout, stderr } = await runCli([...args, '--json'], env);
  if (code !== 0) throw new Error(`trackly ${args.join(' ')} ended with ${code}: ${stderr}`);
  return JSON.parse(stdout) as T;
}

/** Starts the built command line, or another program, with nothing of this environment but `env`. */
export function startCli(args: readonly string[], env: Env, program: string = PROGRAM): RunningCli {
  const child: ChildProcessByStdio<null, Readable, Readable> = spawn(process.execPath, [program, ...args], {
    env: { PATH: process.env['PATH'] ?? '', ...env },
    stdio: ['ignore', 'pipe', 'pipe'],
  });
  let stdout = '';
  let stderr = '';
  child.stdout.on('data', (chunk: Buffer) => (stdout += chunk.toString()));
  child.stderr.on('data', (chunk: Buffer) => (stderr += chunk.toString()));
  return {
    pid: child.pid ?? 0,
    finished: new Promise((resolve) => child.once('close', (code) => resolve({ code, stdout, stderr }))),
    output: () => stdout,
    kill: (signal) => void child.kill(signal),
  };
}

export interface DataFolder {
  readonly path: string;
  [Symbol.asyncDispose](): Promise<void>;
}

export async function makeDataFolder(): Promise<DataFolder> {
  const path = await mkdtemp(join(tmpdir(), 'trackly-cli-'));
  return {
    path,
    async [Symbol.asyncDispose]() {
      // As root the database can be outside of the folder, behind a link.
      const moved = await readlink(join(path, 'postgresql')).catch(() => null);
      if (moved !== null) await rm(moved, { recursive: true, force: true });
      await rm(path, { recursive: true, force: true });
    },
  };
}
