import { mkdtemp, rm } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { startProgram } from './child-program.ts';

/** A server process on a data folder of its own. */
export interface RunningServer {
  readonly url: string;
  readonly pid: number;
  readonly apiKey: string;
  readonly dataDir: string;
  /** Ends it and removes its data. */
  [Symbol.asyncDispose](): Promise<void>;
}

const API_KEY = 'trk_benchmark0000000000000000000000';

/** A profile of the server is written when `PROFILE_DIR` names a folder. */
function nodeArgs(): readonly string[] {
  const folder = process.env['PROFILE_DIR'];
  return folder === undefined ? [] : ['--cpu-prof', `--cpu-prof-dir=${folder}`];
}

/** The whole server, all roles, embedded engines. */
export async function startServer(): Promise<RunningServer> {
  return await start((dataDir) => {
    const env = { TRACKLY_DATA_DIR: dataDir, TRACKLY_API_KEY: API_KEY, TRACKLY_LOG_LEVEL: 'warn', PORT: '0' };
    return startProgram('server-program.ts', { env, nodeArgs: nodeArgs() });
  });
}

/** The accepting half alone. */
export async function startAcceptServer(): Promise<RunningServer> {
  return await start((dataDir) =>
    startProgram('accept-program.ts', { args: [dataDir, API_KEY], nodeArgs: nodeArgs() }),
  );
}

async function start(run: (dataDir: string) => ReturnType<typeof startProgram>): Promise<RunningServer> {
  const dataDir = await mkdtemp(join(tmpdir(), 'trackly-bench-'));
  const program = run(dataDir);
  const { url } = await program.nextLine<{ url: string }>();
  return {
    url,
    pid: program.pid,
    apiKey: API_KEY,
    dataDir,
    async [Symbol.asyncDispose]() {
      await program.stop();
      await rm(dataDir, { recursive: true, force: true });
    },
  };
}
