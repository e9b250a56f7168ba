import { startProgram } from './child-program.ts';
import { readCpuUs } from './process-cpu.ts';

export interface LoadOptions {
  readonly url: string;
  readonly path: string;
  readonly apiKey: string;
  readonly connections: number;
  readonly messagesPerRequest: number;
  readonly warmUpMs: number;
  readonly measureMs: number;
}

export interface LoadResult {
  /** Of requests that were answered while it was measured. */
  readonly messages: number;
  readonly elapsedMs: number;
  /** From the request to the answer. */
  readonly p50Ms: number;
  readonly p99Ms: number;
}

/** Loads a server from another process; `cpuUs` is what the server spent on one message. */
export async function runLoad(
  serverPid: number,
  options: LoadOptions,
): Promise<LoadResult & { readonly cpuUs: number }> {
  const load = startProgram('load-program.ts', { args: [JSON.stringify(options)] });
  await load.nextLine();
  const beforeUs = readCpuUs(serverPid);
  const result = await load.nextLine<LoadResult>();
  const cpuUs = (readCpuUs(serverPid) - beforeUs) / result.messages;
  await load.stop();
  return { ...result, cpuUs };
}
