/* The server as `npm start` runs it; prints where it listens as one line of JSON. */
import { up } from '../../src/main.ts';
import { readEnv } from '../../src/config/env.ts';
import { toConfig } from '../../src/config/load-config.ts';

process.exit(await up(toConfig(readEnv()), ({ url }) => process.stdout.write(`${JSON.stringify({ url })}\n`)));
