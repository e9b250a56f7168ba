import { readMappedMib, readMemoryMib } from './process-cpu.ts';

interface Sample {
  readonly atMs: number;
  readonly residentMib: number;
  readonly carrierMib: number;
  readonly ownMib: number;
}

export interface MemoryPeaks {
  /** Resident, without the carrier's. */
  readonly peakMib: number;
  /** Pages of the simulated carrier's files, which the system takes back when it needs them. */
  readonly carrierPeakMib: number;
  /** Without pages of any file. */
  readonly ownPeakMib: number;
  /** How much higher the own peak of the last quarter of the time is than that of the second, when all is warm; 0 if not. */
  readonly growthMib: number;
}

const EVERY_MS = 250;

/**
 * Looks at the memory of a server's process until it is stopped.
 * @param carrierDir the files of the simulated carrier that runs in the process
 */
export function sampleMemory(pid: number, carrierDir: string): { stop(): MemoryPeaks } {
  const samples: Sample[] = [];
  const timer = setInterval(() => {
    const { now, own } = readMemoryMib(pid);
    const carrierMib = readMappedMib(pid, carrierDir);
    samples.push({ atMs: performance.now(), residentMib: now - carrierMib, carrierMib, ownMib: own });
  }, EVERY_MS);
  return {
    stop() {
      clearInterval(timer);
      return toPeaks(samples);
    },
  };
}

function toPeaks(samples: readonly Sample[]): MemoryPeaks {
  const startMs = samples[0]?.atMs ?? 0;
  const quarterMs = ((samples.at(-1)?.atMs ?? 0) - startMs) / 4;
  const ownOf = (quarter: number): number[] =>
    samples
      .filter(({ atMs }) => atMs >= startMs + quarter * quarterMs && atMs <= startMs + (quarter + 1) * quarterMs)
      .map(({ ownMib }) => ownMib);
  const peakOf = (field: 'residentMib' | 'carrierMib' | 'ownMib'): number =>
    Math.max(...samples.map((sample) => sample[field]));
  return {
    peakMib: peakOf('residentMib'),
    carrierPeakMib: peakOf('carrierMib'),
    ownPeakMib: peakOf('ownMib'),
    growthMib: Math.max(0, Math.max(...ownOf(3)) - Math.max(...ownOf(1))),
  };
}
