import { readFileSync } from 'node:fs';
import { cpus, release, totalmem, type } from 'node:os';

/** The processor as far as the system tells it, cores, memory and kernel, in one line. */
export function describeMachine(): string {
  const memoryGib = Math.round(totalmem() / 2 ** 30);
  return `${cpus().length} cores ${processorName()}, ${memoryGib} GiB, ${type()} ${release()}`;
}

function processorName(): string {
  const model = cpus()[0]?.model.trim() ?? '';
  // Virtual machines often tell nothing but a generation, or less.
  return model.length > 2 && model !== 'unknown' ? model : `x86 ${cpuFamily()}`;
}

function cpuFamily(): string {
  try {
    const info = readFileSync('/proc/cpuinfo', 'utf8');
    const field = (name: string): string => new RegExp(`^${name}\\s*: (.*)$`, 'm').exec(info)?.[1] ?? '?';
    return `${field('vendor_id')} family ${field('cpu family')} model ${field('model')}`;
  } catch {
    return process.arch;
  }
}
