/*
 * Figures of benchmarks. What a figure is stands in its name: `cpuUs1000`, `encodeNs` are CPU time, `wallUs_land` is time
 * on the clock that work takes, `messagesPerSecond10` a rate; all else, latencies (`p99Ms`) too, counts as measured.
 */

/** However slow the machine was, more is not put down to it. */
export const MOST_SLOWNESS = 2;

/**
 * How many times longer than on the reference machine the fixed pieces of work took; below 1 on a faster one. `database`:
 * that of PostgreSQL in CPU time; results of before it was measured have none.
 * @typedef {{cpu: number, wall: number, database?: number}} Slowness
 */

/** @returns {'cpu' | 'wall' | 'rate' | 'plain'} */
export function kindOf(name) {
  if (/PerSecond/.test(name)) return 'rate';
  if (name.startsWith('wall')) return 'wall';
  if (/(Us|Ns)(?![a-z])/.test(name)) return 'cpu';
  return 'plain';
}

/** Whether slowness counts for it; latencies and memory stay as they are. */
export function isScaled(name) {
  return kindOf(name) !== 'plain';
}

/**
 * A figure as the reference machine would have given it: CPU time, time on the clock and rates are scaled by slowness,
 * latencies and memory stay as they are. Of CPU time the part that was PostgreSQL's is scaled by how slow that was. Only
 * down to the reference (a faster machine gets no tighter budgets), and by `MOST_SLOWNESS` at most.
 * @param {Readonly<Record<string, number>>} figures of the run
 * @param {Slowness} slowness
 */
export function toReference(name, figures, { cpu, wall, database = cpu }) {
  const value = figures[name] ?? Number.NaN;
  const kind = kindOf(name);
  if (kind === 'rate') return value * toCounted(wall);
  if (kind === 'wall') return value / toCounted(wall);
  if (kind !== 'cpu') return value;
  const ofPostgres = postgresPartOf(name, figures);
  return (value - ofPostgres) / toCounted(cpu) + ofPostgres / toCounted(database);
}

/** What a benchmark says in the figure `postgresCpuUs` is in `cpuUs`; all of it is PostgreSQL's. 0 where it says nothing. */
function postgresPartOf(name, figures) {
  if (name.startsWith('postgres')) return figures[name];
  return figures[`postgres${name[0].toUpperCase()}${name.slice(1)}`] ?? 0;
}

function toCounted(slowness) {
  return Math.min(Math.max(slowness, 1), MOST_SLOWNESS);
}

/** Three digits that count, whole numbers from 100 on. */
export function format(value) {
  if (!Number.isFinite(value)) return 'none';
  return value >= 100
    ? Math.round(value).toLocaleString('en-US')
    : value.toLocaleString('en-US', { maximumSignificantDigits: 3 });
}

const UNITS = { Ms: 'ms', Us: 'µs', Ns: 'ns', Mib: 'MiB', Percent: '%' };

/** With its unit, for a reader: `1,625,692 messages/s`, `p99 7.64 ms`, `idle 123 MiB`. What follows the unit is left out. */
export function describe(name, value) {
  const [, what, unit] = /^(.*?)(PerSecond|Ms|Us|Ns|Mib|Percent)(?![a-z])/.exec(name) ?? [null, name, ''];
  if (unit === 'PerSecond') return `${format(value)} ${what}/s`;
  return [what === 'cpu' ? '' : what, format(value), UNITS[unit] ?? ''].filter(Boolean).join(' ');
}
