import { type ChildProcess, spawn } from 'node:child_process';
import { once } from 'node:events';
import { join } from 'node:path';
import { createInterface } from 'node:readline';

/** A program of this folder, running as a process of its own. */
export interface ChildProgram {
  readonly pid: number;
  /** The next line of JSON that it prints. @throws Error when it ends before that */
  nextLine<Line>(): Promise<Line>;
  /** Asks it to end and waits. */
  stop(): Promise<void>;
}

export interface ChildOptions {
  readonly args?: readonly string[];
  /** Variables on top of PATH. */
  readonly env?: Readonly<Record<string, string>>;
  readonly nodeArgs?: readonly string[];
}

export function startProgram(name: string, { args = [], env = {}, nodeArgs = [] }: ChildOptions): ChildProgram {
  const program = join(import.meta.dirname, name);
  const child = spawn(process.execPath, [...process.execArgv, ...nodeArgs, program, ...args], {
    env: { PATH: process.env['PATH'], ...env },
    stdio: ['ignore', 'pipe', 'inherit'],
  });
  const lines = createInterface({ input: child.stdout })[Symbol.asyncIterator]();
  return {
    pid: child.pid ?? 0,
    async nextLine<Line>() {
      const { value, done } = await lines.next();
      if (done === true) throw new Error(`${name} ended before it answered`);
      return JSON.parse(value) as Line;
    },
    stop: () => stop(child),
  };
}

async function stop(child: ChildProcess): Promise<void> {
  if (child.exitCode !== null || child.signalCode !== null) return;
  const exited = once(child, 'exit');
  child.kill('SIGTERM');
  await exited;
}
