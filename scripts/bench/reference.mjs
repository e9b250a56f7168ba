import { readFileSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { ROOT } from '../setup.mjs';
import { runProgram } from './run-program.mjs';

const FILE = 'server/bench/reference.json';
const TIMES = 20;

/**
 * What the fixed piece of work took on the machine of the budgets.
 * @returns {{machine: string, node: string, date: string, cpuMs: number, wallMs: number}}
 */
export function readReference() {
  return JSON.parse(readFileSync(join(ROOT, FILE), 'utf8'));
}

/** What it takes just now. @returns {Promise<{machine: string, node: string, cpuMs: number, wallMs: number}>} */
export async function measureSpeed() {
  const speed = await runProgram('lib/machine-speed-program.ts');
  if (speed === null) throw new Error('How slow the machine is could not be measured');
  return speed;
}

/**
 * Makes this machine the reference, by the median of some measurements; nothing else should be running. Needed after a
 * change of the fixed piece of work.
 */
export async function writeReference(date) {
  const measured = [];
  for (let time = 0; time < TIMES; time++) measured.push(await measureSpeed());
  const [{ machine, node }] = measured;
  const reference = { machine, node, date, cpuMs: median(measured, 'cpuMs'), wallMs: median(measured, 'wallMs') };
  writeFileSync(join(ROOT, FILE), `${JSON.stringify(reference, null, 2)}\n`);
  console.log(`wrote ${FILE}: ${reference.cpuMs} ms CPU, ${reference.wallMs} ms on the clock`);
}

function median(measured, time) {
  const values = measured.map((each) => each[time]).sort((a, b) => a - b);
  return values[values.length >> 1];
}
