/*
 * The built server with other limits of time, given as JSON: tests of faults cannot wait for the real ones. Everything
 * else is what `trackly up` does.
 */
import { readEnv } from '../../dist/config/env.js';
import { toConfig } from '../../dist/config/load-config.js';
import { up } from '../../dist/main.js';

process.exit(await up(toConfig(readEnv()), undefined, JSON.parse(process.argv[2] ?? '{}')));
