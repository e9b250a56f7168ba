import { readdirSync } from 'node:fs';
import { slownessBetween } from './judge.mjs';
import { measureSpeed, readReference } from './reference.mjs';
import { BENCHES, runProgram } from './run-program.mjs';

export function listBenches() {
  return readdirSync(BENCHES)
    .filter((file) => file.endsWith('.bench.ts'))
    .map((file) => file.slice(0, -'.bench.ts'.length))
    .sort();
}

/**
 * Runs benchmarks one after another, and measures between them how slow the machine is.
 * @param {boolean} isShort the form for CI
 * @param {string} dataDir for `measureSpeed`
 * @returns {Promise<(name: string) => Promise<import('./judge.mjs').Run | null>>} one run; null when it ended without a
 *   result
 */
export async function createRunner(isShort, dataDir) {
  const reference = readReference();
  let before = await measureSpeed(dataDir);
  return async (name) => {
    const result = await runProgram(`${name}.bench.ts`, isShort ? ['--short'] : []);
    const after = await measureSpeed(dataDir);
    const slowness = slownessBetween(before, after, reference);
    before = after;
    return result === null ? null : { ...result, slowness };
  };
}
