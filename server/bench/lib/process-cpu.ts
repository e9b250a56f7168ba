import { readdirSync, readFileSync } from 'node:fs';

/** Linux counts in these steps for every program (USER_HZ). */
const TICK_US = 10_000;

interface ProcessTimes {
  readonly name: string;
  readonly parentPid: number;
  /** User and system time of all threads, those that have ended too. */
  readonly ownUs: number;
  /** The same of children that ended and were waited for. */
  readonly childrenUs: number;
}

/** CPU time of a process in microseconds, all threads, in steps of 10 ms. */
export function readCpuUs(pid: number): number {
  return readTimes(pid)?.ownUs ?? 0;
}

/** CPU time of every PostgreSQL process below `pid`, connections that have ended included. */
export function readPostgresCpuUs(pid: number): number {
  const times = readAllTimes();
  let sumUs = 0;
  for (const [each, { name, ownUs, childrenUs }] of times) {
    if (name.startsWith('postgres') && isBelow(times, each, pid)) sumUs += ownUs + childrenUs;
  }
  return sumUs;
}

/**
 * Resident memory of a process in MiB, now and at its highest; `own` is what of it now the process has for itself: pages
 * of files in memory are the system's to take back.
 */
export function readMemoryMib(pid: number): { readonly now: number; readonly own: number; readonly peak: number } {
  const status = readFileSync(`/proc/${pid}/status`, 'utf8');
  const field = (name: string): number =>
    Number(new RegExp(`^${name}:\\s+(\\d+) kB`, 'm').exec(status)?.[1] ?? 0) / 1_024;
  return { now: Math.round(field('VmRSS')), own: Math.round(field('RssAnon')), peak: Math.round(field('VmHWM')) };
}

/** Resident pages of files below `folder` that a process has mapped, in MiB. Costs the process some milliseconds. */
export function readMappedMib(pid: number, folder: string): number {
  let isBelow = false;
  let sumKib = 0;
  for (const line of readFileSync(`/proc/${pid}/smaps`, 'utf8').split('\n')) {
    if (/^[\da-f]+-[\da-f]+ /.test(line)) isBelow = line.includes(folder);
    else if (isBelow && line.startsWith('Rss:')) sumKib += Number(/\d+/.exec(line)?.[0] ?? 0);
  }
  return Math.round(sumKib / 1_024);
}

function readAllTimes(): Map<number, ProcessTimes> {
  const found = new Map<number, ProcessTimes>();
  for (const name of readdirSync('/proc')) {
    const times = /^\d+$/.test(name) ? readTimes(Number(name)) : undefined;
    if (times !== undefined) found.set(Number(name), times);
  }
  return found;
}

function isBelow(times: ReadonlyMap<number, ProcessTimes>, pid: number, ancestor: number): boolean {
  let parent = times.get(pid)?.parentPid;
  while (parent !== undefined && parent !== ancestor) parent = times.get(parent)?.parentPid;
  return parent === ancestor;
}

/** undefined when the process is gone. The name may hold spaces, so fields are counted from its closing bracket. */
function readTimes(pid: number): ProcessTimes | undefined {
  try {
    const stat = readFileSync(`/proc/${pid}/stat`, 'utf8');
    const nameEnd = stat.lastIndexOf(')');
    const fields = stat
      .slice(nameEnd + 2)
      .split(' ')
      .map(Number);
    const ticks = (first: number): number => ((fields[first] ?? 0) + (fields[first + 1] ?? 0)) * TICK_US;
    const name = stat.slice(stat.indexOf('(') + 1, nameEnd);
    return { name, parentPid: fields[1] ?? 0, ownUs: ticks(11), childrenUs: ticks(13) };
  } catch {
    return undefined;
  }
}
