import type { Config } from './config/config.ts';
import { startApp, type App } from './app.ts';
import type { Limits } from './app/limits.ts';
import { createLogger } from './observe/logger.ts';

/** After a signal everything must be closed by then. */
const SHUTDOWN_LIMIT_MS = 10_000;
/** What then happens: leases and marks that could not be given back run out, as after a crash. */
const FORCED =
  'ended without closing everything, because the database did not answer in time: nothing that was accepted is lost, ' +
  'what was on its way to a carrier without an answer on record is in doubt after the next start';
/** A Ctrl-C under npm arrives twice, from the terminal and from npm; only a later signal means "at once". */
const REPEAT_MS = 1_000;

/**
 * Starts the roles of this process and runs until a signal ends it. Resolves with the exit code.
 * @param onReady tells the operator, once, that the process serves; by default in words on standard output
 * @param limits for tests of faults
 */
export async function up(
  config: Config,
  onReady: (app: App) => void = printWelcome,
  limits: Limits = {},
): Promise<number> {
  const logger = createLogger(config.logLevel);
  const stopped = waitForSignal();
  const app = await startApp(config, logger, limits);
  onReady(app);
  await stopped.signalled;
  stopped.forceAfter(SHUTDOWN_LIMIT_MS, () => logger.error(FORCED));
  await app[Symbol.asyncDispose]();
  return 0;
}

function printWelcome(app: App): void {
  process.stdout.write(`${welcome(app)}\n`);
}

interface Stopping {
  readonly signalled: Promise<void>;
  /** A second signal, or this limit, ends the process at once; `onForced` is told of the limit. */
  forceAfter(limitMs: number, onForced: () => void): void;
}

function waitForSignal(): Stopping {
  let firstMs = 0;
  let resolveSignalled = (): void => {};
  const signalled = new Promise<void>((resolve) => {
    resolveSignalled = resolve;
  });
  function onSignal(): void {
    if (firstMs > 0 && Date.now() - firstMs > REPEAT_MS) process.exit(1);
    firstMs ||= Date.now();
    resolveSignalled();
  }
  process.on('SIGTERM', onSignal);
  process.on('SIGINT', onSignal);
  return {
    signalled,
    forceAfter(limitMs, onForced) {
      const force = (): void => {
        onForced();
        process.exit(1);
      };
      setTimeout(force, limitMs).unref();
    },
  };
}

function welcome(app: App): string {
  const lines = [`Trackly is ready at ${app.url}`];
  if (app.databaseMovedTo !== null) {
    lines.push(`The database lives in ${app.databaseMovedTo}, because its user cannot enter the data folder.`);
  }
  if (app.firstKey !== null) lines.push(...firstSteps(app.url, app.firstKey));
  return lines.join('\n');
}

function firstSteps(url: string, { apiKey, listNumber }: { apiKey: string; listNumber: string }): string[] {
  return [
    '',
    `Your API key (shown once): ${apiKey}`,
    '',
    'Send a first message to a simulated handset:',
    '',
    `  curl ${url}/api/v2/send \\`,
    `    -H 'X-Api-Key: ${apiKey}' -H 'Content-Type: application/json' \\`,
    `    -d '{"to":"+13125550142","list_number":"${listNumber}","body":"Hello from Trackly!"}'`,
    '',
    `Watch it arrive and answer it: ${url}/simulator`,
    `Read the API reference and try calls: ${url}/docs`,
  ];
}
