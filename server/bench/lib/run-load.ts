import { startProgram } from './child-program.ts';
import { readCpuUs } from './process-cpu.ts';

export interface LoadOptions {
  readonly url: string;
  readonly path: string;
  readonly apiKey: string;
  readonly connections: number;
  readonly messagesPerRequest: number;
  readonly warmUpMs: number;
  /** Rounds that are measured, one after the other. */
  readonly rounds: number;
  readonly roundMs: number;
  /** Set: so many requests leave a second, however long answers take (open loop). Else a connection waits for its answer. */
  readonly requestsPerSecond?: number;
}

/** One round. */
export interface LoadResult {
  /** Of requests that were answered. */
  readonly messages: number;
  readonly elapsedMs: number;
  /** From the time at which the request is due to the answer. */
  readonly p50Ms: number;
  readonly p99Ms: number;
}

export interface MeasuredLoad extends LoadResult {
  /** CPU microseconds of the server a message, all threads. */
  readonly cpuUs: number;
}

/**
 * Loads a server from another process. Gives the round of median cost: the best one would be the first, in which the log
 * is small and its pages are still in memory.
 */
export async function runLoad(serverPid: number, options: LoadOptions): Promise<MeasuredLoad> {
  const load = startProgram('load-program.ts', { args: [JSON.stringify(options)] });
  const rounds: MeasuredLoad[] = [];
  for (let round = 0; round < options.rounds; round++) {
    await load.nextLine();
    const beforeUs = readCpuUs(serverPid);
    const result = await load.nextLine<LoadResult>();
    rounds.push({ ...result, cpuUs: (readCpuUs(serverPid) - beforeUs) / result.messages });
  }
  await load.stop();
  rounds.sort((a, b) => a.cpuUs - b.cpuUs);
  return rounds[rounds.length >> 1] as MeasuredLoad;
}
