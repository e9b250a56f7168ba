import { readFileSync, writeFileSync } from 'node:fs';
import { mkdtemp, rm } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { ROOT } from '../setup.mjs';
import { runProgram } from './run-program.mjs';

const FILE = 'server/bench/reference.json';
const TIMES = 20;

/**
 * What the fixed pieces of work took on the machine of the budgets.
 * @returns {{machine: string, node: string, date: string, cpuMs: number, wallMs: number, databaseMs: number}}
 */
export function readReference() {
  return JSON.parse(readFileSync(join(ROOT, FILE), 'utf8'));
}

/**
 * What they take just now.
 * @param {string} dataDir of the piece that is PostgreSQL's, kept from one call to the next
 * @returns {Promise<{machine: string, node: string, cpuMs: number, wallMs: number, databaseMs: number}>}
 */
export async function measureSpeed(dataDir) {
  const speed = await runProgram('lib/machine-speed-program.ts', [dataDir]);
  if (speed === null) throw new Error('How slow the machine is could not be measured');
  return speed;
}

/** Calls `use` with a folder for `measureSpeed`, and removes it. */
export async function withSpeedFolder(use) {
  const dataDir = await mkdtemp(join(tmpdir(), 'trackly-speed-'));
  try {
    return await use(dataDir);
  } finally {
    await rm(dataDir, { recursive: true, force: true });
  }
}

/**
 * Makes this machine the reference, by the median of some measurements; nothing else should be running. Needed after a
 * change of the fixed pieces of work.
 */
export async function writeReference(date) {
  const measured = [];
  await withSpeedFolder(async (dataDir) => {
    for (let time = 0; time < TIMES; time++) measured.push(await measureSpeed(dataDir));
  });
  const [{ machine, node }] = measured;
  const times = Object.fromEntries(['cpuMs', 'wallMs', 'databaseMs'].map((time) => [time, median(measured, time)]));
  writeFileSync(join(ROOT, FILE), `${JSON.stringify({ machine, node, date, ...times }, null, 2)}\n`);
  console.log(
    `wrote ${FILE}: ${times.cpuMs} ms CPU, ${times.wallMs} ms on the clock, ${times.databaseMs} ms CPU of PostgreSQL`,
  );
}

function median(measured, time) {
  const values = measured.map((each) => each[time]).sort((a, b) => a - b);
  return values[values.length >> 1];
}
