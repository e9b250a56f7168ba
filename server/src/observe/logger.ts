import { destination, pino, type Logger as PinoLogger } from 'pino';

export type Logger = PinoLogger;

/** One JSON line an event, to standard error: standard output is for what a command prints. Phone numbers and bodies are never handed to it. */
export function createLogger(level: string): Logger {
  const redact = { paths: ['apiKey', 'key', 'password', 'credentials', '*.password', '*.credentials'], censor: '***' };
  const options = { level, base: null, timestamp: pino.stdTimeFunctions.isoTime, redact };
  return pino(options, destination({ fd: 2, sync: true }));
}
