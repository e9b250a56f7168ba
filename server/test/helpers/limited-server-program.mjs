/*
 * The built server with other limits of time, given as JSON: tests of faults cannot wait for the real ones. Everything
 * else is what `trackly up` does. SIGUSR2 collects garbage: tests of memory ask for what is held.
 */
import { setFlagsFromString } from 'node:v8';
import { runInNewContext } from 'node:vm';
import { readEnv } from '../../dist/config/env.js';
import { toConfig } from '../../dist/config/load-config.js';
import { up } from '../../dist/main.js';

setFlagsFromString('--expose-gc');
const collect = runInNewContext('gc');
process.on('SIGUSR2', () => collect());
process.exit(await up(toConfig(readEnv()), undefined, JSON.parse(process.argv[2] ?? '{}')));
