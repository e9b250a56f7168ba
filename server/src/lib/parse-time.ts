/** Groups: year, month, day, hour, minute, second, fraction, zone. */
const TIME = /^(\d{4})-(\d{2})-(\d{2})(?:T(\d{2}):(\d{2})(?::(\d{2})(?:\.(\d{1,9}))?)?(Z|[+-]\d{2}:?\d{2})?)?$/;
const FIRST_YEAR = 1970;
const MINUTE_MS = 60_000;

/**
 * Epoch milliseconds of `YYYY-MM-DD` or `YYYY-MM-DDTHH:MM[:SS[.fraction]]` with an optional `Z`, `+HH:MM` or `+HHMM`
 * (RFC 3339 and a little more); no zone means UTC. Fractions are cut to milliseconds. Undefined for anything else, for
 * days and hours that do not exist, and before 1970.
 */
export function parseTimeMs(text: string): number | undefined {
  const parts = TIME.exec(text);
  if (parts === null) return undefined;
  const [year, month, day, hour, minute, second] = parts.slice(1, 7).map((part) => Number(part ?? 0)) as [
    number,
    number,
    number,
    number,
    number,
    number,
  ];
  if (year < FIRST_YEAR || hour > 23 || minute > 59 || second > 59) return undefined;
  const atMs = Date.UTC(year, month - 1, day, hour, minute, second, toMilliseconds(parts[7]));
  if (new Date(atMs).getUTCDate() !== day || month < 1 || month > 12) return undefined;
  const offsetMs = toOffsetMs(parts[8]);
  return offsetMs === undefined || atMs - offsetMs < 0 ? undefined : atMs - offsetMs;
}

function toMilliseconds(fraction: string | undefined): number {
  return fraction === undefined ? 0 : Number(fraction.slice(0, 3).padEnd(3, '0'));
}

function toOffsetMs(zone: string | undefined): number | undefined {
  if (zone === undefined || zone === 'Z') return 0;
  const hours = Number(zone.slice(1, 3));
  const minutes = Number(zone.slice(-2));
  if (hours > 23 || minutes > 59) return undefined;
  return (zone.startsWith('-') ? -1 : 1) * (hours * 60 + minutes) * MINUTE_MS;
}
