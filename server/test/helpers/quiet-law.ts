/*
 * The rules of quiet hours once more, typed from their table and reckoned by arithmetic: no row, no zone data and no
 * function of the product is in here, so that it can be the judge of all of them.
 */
const HOUR_MS = 3_600_000;
const DAY_MS = 24 * HOUR_MS;

/** Hours ahead of UTC in winter, and whose summer time is kept. */
const ZONES = {
  'America/New_York': [-5, 'US'],
  'America/Chicago': [-6, 'US'],
  'America/North_Dakota/Center': [-6, 'US'],
  'America/Denver': [-7, 'US'],
  'America/Boise': [-7, 'US'],
  'America/Phoenix': [-7, null],
  'America/Los_Angeles': [-8, 'US'],
  'America/Anchorage': [-9, 'US'],
  'America/Juneau': [-9, 'US'],
  'America/Adak': [-10, 'US'],
  'Pacific/Honolulu': [-10, null],
  'Europe/Paris': [1, 'EU'],
} as const satisfies Readonly<Record<string, readonly [number, 'US' | 'EU' | null]>>;

export type LawZone = keyof typeof ZONES;

/** Full hours from and to, Sunday, Monday to Friday, Saturday; null: not at all. */
type Hours = readonly [from: number, to: number] | null;
interface LawRow {
  readonly sunday: Hours;
  readonly weekdays: Hours;
  readonly saturday: Hours;
  readonly holidays?: 'US' | 'FR';
}

const daily = (from: number, to: number): LawRow => ({
  sunday: [from, to],
  weekdays: [from, to],
  saturday: [from, to],
});
const noSundays = (from: number, to: number): LawRow => ({ ...daily(from, to), sunday: null });

export const LAW_ROWS = {
  'US-FED-HOURS': daily(8, 21),
  'US-AL-HOURS': { ...noSundays(8, 20), holidays: 'US' },
  'US-CA-HOURS': daily(9, 21),
  'US-CT-HOURS': daily(9, 20),
  'US-FL-HOURS': daily(8, 20),
  'US-IL-HOURS': daily(9, 21),
  'US-KY-HOURS': daily(10, 21),
  'US-LA-HOURS': noSundays(8, 20),
  'US-MA-HOURS': daily(8, 20),
  'US-MD-HOURS': daily(8, 20),
  'US-MI-HOURS': daily(9, 21),
  'US-MN-HOURS': daily(9, 21),
  'US-MS-HOURS': noSundays(8, 20),
  'US-NJ-HOURS': daily(8, 20),
  'US-NM-HOURS': daily(9, 21),
  'US-NV-HOURS': daily(9, 20),
  'US-OK-HOURS': daily(8, 20),
  'US-RI-HOURS': { sunday: [10, 17], weekdays: [9, 18], saturday: [10, 17] },
  'US-TX-HOURS': { sunday: [12, 21], weekdays: [9, 21], saturday: [9, 21] },
  'FR-HOURS': { ...noSundays(8, 22), holidays: 'FR' },
} as const satisfies Readonly<Record<string, LawRow>>;

export type LawRule = keyof typeof LAW_ROWS;

/** Somebody whose number, and what else is known, leads to these zones and rules. */
export interface LawCase {
  readonly name: string;
  readonly phone: number;
  readonly state?: string;
  readonly zones: readonly LawZone[];
  readonly rules: readonly LawRule[];
}

const E = 'America/New_York';
const C = 'America/Chicago';
const M = 'America/Denver';
const P = 'America/Los_Angeles';
const ALASKA = 'America/Anchorage';
const HAWAII = 'Pacific/Honolulu';
const FED = 'US-FED-HOURS';

const us = (areaCode: number, zones: readonly LawZone[], ...states: string[]): LawCase => ({
  name: [areaCode, ...states].join(' '),
  phone: 10_000_000_000 + areaCode * 10_000_000 + 5_550_142,
  zones,
  rules: [FED, ...states.map((state) => `US-${state}-HOURS` as LawRule)],
});

/** Every row, every area code with several zones, overlays, and numbers without an area. */
export const LAW_CASES: readonly LawCase[] = [
  us(212, [E]),
  us(205, [C], 'AL'),
  us(213, [P], 'CA'),
  us(203, [E], 'CT'),
  us(305, [E], 'FL'),
  us(312, [C], 'IL'),
  us(502, [E], 'KY'),
  us(504, [C], 'LA'),
  us(617, [E], 'MA'),
  us(301, [E], 'MD'),
  us(313, [E], 'MI'),
  us(612, [C], 'MN'),
  us(601, [C], 'MS'),
  us(201, [E], 'NJ'),
  us(505, [M], 'NM'),
  us(702, [P], 'NV'),
  us(405, [C], 'OK'),
  us(401, [E], 'RI'),
  us(512, [C], 'TX'),
  us(602, ['America/Phoenix']),
  us(808, [HAWAII]),
  us(208, ['America/Boise', M, P]),
  us(219, [C, E]),
  us(270, [C, E], 'KY'),
  us(423, [C, E]),
  us(574, [C, E]),
  us(606, [C, E], 'KY'),
  us(812, [C, E]),
  us(850, [C, E], 'FL'),
  us(906, [C, E], 'MI'),
  us(308, [C, M]),
  us(620, [C, M]),
  us(785, [C, M]),
  us(541, [M, P]),
  us(605, [C, M, 'America/North_Dakota/Center']),
  us(701, [C, M, 'America/North_Dakota/Center']),
  us(775, ['America/Boise', M, P], 'NV'),
  us(907, ['America/Adak', ALASKA, 'America/Juneau', HAWAII]),
  us(928, [M, 'America/Phoenix']),
  // Overlays, which share the ground of an older code.
  us(364, [C, E], 'KY'),
  us(448, [C, E], 'FL'),
  us(458, [M, P]),
  us(729, [C, E]),
  us(930, [C, E]),
  us(986, ['America/Boise', M, P]),
  { ...us(800, [E, C, M, 'America/Phoenix', P, ALASKA, 'America/Adak', HAWAII]), name: '800, anywhere' },
  { ...us(512, [C], 'RI', 'TX'), name: '512 TX, of Rhode Island', state: 'RI' },
  { name: 'France', phone: 33_612_345_678, zones: ['Europe/Paris'], rules: ['FR-HOURS'] },
];

/** The n-th (from 1; -1: the last) of a weekday (0: Sunday) of a month (from 1), as midnight UTC. */
function nthWeekday(year: number, month: number, weekday: number, n: number): number {
  if (n > 0) {
    const firstMs = Date.UTC(year, month - 1, 1);
    return firstMs + (((weekday - new Date(firstMs).getUTCDay() + 7) % 7) + (n - 1) * 7) * DAY_MS;
  }
  const lastMs = Date.UTC(year, month, 1) - DAY_MS;
  return lastMs - ((new Date(lastMs).getUTCDay() - weekday + 7) % 7) * DAY_MS;
}

/** US: 15 U.S.C. 260a. EU: directive 2000/84/EC. */
function isSummer(law: 'US' | 'EU', standardHours: number, atMs: number): boolean {
  const year = new Date(atMs).getUTCFullYear();
  if (law === 'EU') {
    return atMs >= nthWeekday(year, 3, 0, -1) + HOUR_MS && atMs < nthWeekday(year, 10, 0, -1) + HOUR_MS;
  }
  const startMs = nthWeekday(year, 3, 0, 2) + (2 - standardHours) * HOUR_MS;
  const endMs = nthWeekday(year, 11, 0, 1) + (2 - (standardHours + 1)) * HOUR_MS;
  return atMs >= startMs && atMs < endMs;
}

function isOpenAt(rule: LawRule, zone: LawZone, atMs: number): boolean {
  const [standard, summer] = ZONES[zone];
  const localMs = atMs + (standard + (summer !== null && isSummer(summer, standard, atMs) ? 1 : 0)) * HOUR_MS;
  const dayMs = Math.floor(localMs / DAY_MS) * DAY_MS;
  const row: LawRow = LAW_ROWS[rule];
  if (row.holidays !== undefined && isHoliday(row.holidays, dayMs)) return false;
  const weekday = new Date(dayMs).getUTCDay();
  const hours = weekday === 0 ? row.sunday : weekday === 6 ? row.saturday : row.weekdays;
  const hour = (localMs - dayMs) / HOUR_MS;
  return hours !== null && hour >= hours[0] && hour < hours[1];
}

/** Whether a rule is open in all zones. */
export function isRuleOpen({ zones }: Pick<LawCase, 'zones'>, rule: LawRule, atMs: number): boolean {
  return zones.every((zone) => isOpenAt(rule, zone, atMs));
}

export function isOpen(who: LawCase, atMs: number): boolean {
  return who.rules.every((rule) => isRuleOpen(who, rule, atMs));
}

/** The first moment from `atMs` on: openings of these zones and rules are at full hours. */
export function nextOpening(who: LawCase, atMs: number): number {
  if (isOpen(who, atMs)) return atMs;
  let hourMs = Math.ceil(atMs / HOUR_MS) * HOUR_MS;
  while (!isOpen(who, hourMs)) hourMs += HOUR_MS;
  return hourMs;
}

const holidays = new Map<string, ReadonlySet<number>>();

/** `dayMs`: midnight of the day as if it were UTC. */
function isHoliday(law: 'US' | 'FR', dayMs: number): boolean {
  const year = new Date(dayMs).getUTCFullYear();
  const key = `${law} ${year}`;
  if (!holidays.has(key)) holidays.set(key, new Set(law === 'US' ? federalHolidays(year) : frenchHolidays(year)));
  return holidays.get(key)?.has(dayMs) === true;
}

/** 5 U.S.C. 6103, and Executive Order 11582: on Saturdays also the Friday before, on Sundays also the Monday after. */
export function federalHolidays(year: number): number[] {
  const fixed = [
    [year, 0, 1],
    [year + 1, 0, 1],
    [year, 5, 19],
    [year, 6, 4],
    [year, 10, 11],
    [year, 11, 25],
  ].map(([y = 0, month = 0, day = 0]) => Date.UTC(y, month, day));
  const observed = fixed.map((dayMs) => {
    const weekday = new Date(dayMs).getUTCDay();
    return weekday === 6 ? dayMs - DAY_MS : weekday === 0 ? dayMs + DAY_MS : dayMs;
  });
  const moving = [
    nthWeekday(year, 1, 1, 3),
    nthWeekday(year, 2, 1, 3),
    nthWeekday(year, 5, 1, -1),
    nthWeekday(year, 9, 1, 1),
    nthWeekday(year, 10, 1, 2),
    nthWeekday(year, 11, 4, 4),
  ];
  return toYear(year, [...fixed, ...observed, ...moving]);
}

/** Code du travail L3133-1. */
export function frenchHolidays(year: number): number[] {
  const fixed = ['01-01', '05-01', '05-08', '07-14', '08-15', '11-01', '11-11', '12-25'].map((date) =>
    Date.parse(`${year}-${date}`),
  );
  const moving = [1, 39, 50].map((days) => easter(year) + days * DAY_MS);
  return toYear(year, [...fixed, ...moving]);
}

/** The anonymous Gregorian algorithm, https://en.wikipedia.org/wiki/Date_of_Easter. */
function easter(year: number): number {
  const a = year % 19;
  const [b, c] = [Math.floor(year / 100), year % 100];
  const g = Math.floor((8 * b + 13) / 25);
  const h = (19 * a + b - Math.floor(b / 4) - g + 15) % 30;
  const l = (32 + 2 * (b % 4) + 2 * Math.floor(c / 4) - h - (c % 4)) % 7;
  const m = Math.floor((a + 11 * h + 19 * l) / 433);
  const month = Math.floor((h + l - 7 * m + 90) / 25);
  return Date.UTC(year, month - 1, (h + l - 7 * m + 33 * month + 19) % 32);
}

function toYear(year: number, days: readonly number[]): number[] {
  return [...new Set(days)].filter((dayMs) => new Date(dayMs).getUTCFullYear() === year).sort((a, b) => a - b);
}
