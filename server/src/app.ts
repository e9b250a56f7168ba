import { buildParts } from './app/build-parts.ts';
import { openFoundation } from './app/foundation.ts';
import type { Limits } from './app/limits.ts';
import { listen } from './app/listen.ts';
import type { Config } from './config/config.ts';
import { DisposalStack } from './lib/disposal-stack.ts';
import type { Logger } from './observe/logger.ts';

/** A running installation: everything that the roles of this process need, started. */
export interface App {
  /** Where it listens, such as `http://127.0.0.1:8080`. */
  readonly url: string;
  /** Made on the very first start; it cannot be read again. */
  readonly firstKey: { readonly apiKey: string; readonly listNumber: string } | null;
  /** Where the embedded database lives when that is not the data folder, else null. */
  readonly databaseMovedTo: string | null;
  /** Stops accepting, finishes what is under way, closes everything in reverse order. */
  [Symbol.asyncDispose](): Promise<void>;
}

/** Builds everything in order and starts it; a failure on the way disposes what was built. */
export async function startApp(config: Config, logger: Logger, limits: Limits = {}): Promise<App> {
  const building = new DisposalStack();
  try {
    return await build(building, config, logger, limits);
  } catch (error) {
    await building[Symbol.asyncDispose]().catch(() => {});
    throw error;
  }
}

async function build(building: DisposalStack, config: Config, logger: Logger, limits: Limits): Promise<App> {
  const { foundation, firstKey, databaseMovedTo } = await openFoundation(building, config, logger, limits);
  const url = await listen(await buildParts(foundation));
  return { url, firstKey, databaseMovedTo, [Symbol.asyncDispose]: () => building[Symbol.asyncDispose]() };
}
