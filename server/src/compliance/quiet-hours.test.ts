import { describe, expect, test } from 'vitest';
import { DAY_MS, MINUTE_MS } from '../lib/clock.ts';
import { findOpening } from './quiet-hours.ts';
import { candidateStates, candidateZones, rulesFor } from './quiet-place.ts';
import { type QuietRule, termOf, toRuleName } from './quiet-rule.ts';
import { QUIET_RULES } from './quiet-rules-data.ts';

const QUARTER_MS = 15 * MINUTE_MS;
const phoneOf = (areaCode: number): number => 10_000_000_000 + areaCode * 10_000_000 + 5_550_142;

interface Recipient {
  readonly phone: number;
  readonly zone?: string;
  readonly accountZone?: string;
  readonly state?: string;
}

function placeOf({ phone, zone, accountZone, state }: Recipient): {
  zones: readonly string[];
  rules: (atMs: number) => QuietRule[];
} {
  const states = candidateStates({ phone, stateFields: [state] });
  return {
    zones: candidateZones({ phone, explicitZone: zone ?? null, accountZone: accountZone ?? null }),
    rules: (atMs) => rulesFor(phone, states, atMs).filter((rule) => rule.windows !== null),
  };
}

/** When the recipient may be written to, and which rule says so. */
function ask(recipient: Recipient, at: string): { at: string | null; rule: string | null } {
  const { zones, rules } = placeOf(recipient);
  const nowMs = Date.parse(at);
  const { atMs, rule } = findOpening(nowMs, zones, rules(nowMs));
  return {
    at: atMs === null ? null : new Date(atMs).toISOString().replace('.000Z', 'Z'),
    rule: rule === null ? null : toRuleName(rule),
  };
}

describe('the cases of the contract', () => {
  const toll = { phone: phoneOf(800) };
  test.each([
    ['212', { phone: phoneOf(212) }, '2026-11-23T01:59:00Z', null],
    ['212', { phone: phoneOf(212) }, '2026-11-23T02:00:00Z', '2026-11-23T13:00:00Z'],
    ['212', { phone: phoneOf(212) }, '2026-11-23T12:30:00Z', '2026-11-23T13:00:00Z'],
    ['212, clocks go back', { phone: phoneOf(212) }, '2026-11-01T12:30:00Z', '2026-11-01T13:00:00Z'],
    ['212, clocks go forward', { phone: phoneOf(212) }, '2027-03-14T11:30:00Z', '2027-03-14T12:00:00Z'],
    ['850, two zones, FL', { phone: phoneOf(850) }, '2026-11-23T13:30:00Z', '2026-11-23T14:00:00Z'],
    ['850, two zones, FL', { phone: phoneOf(850) }, '2026-11-24T01:00:00Z', '2026-11-24T14:00:00Z'],
    ['800, all of the US', toll, '2026-11-23T14:00:00Z', '2026-11-23T18:00:00Z'],
    ['800, all of the US', toll, '2026-11-24T01:59:00Z', null],
    ['800, all of the US', toll, '2026-11-24T02:00:00Z', '2026-11-24T18:00:00Z'],
    ['800, summer', toll, '2026-07-14T12:00:00Z', '2026-07-14T18:00:00Z'],
    ['512, TX, a Sunday', { phone: phoneOf(512) }, '2026-11-29T15:00:00Z', '2026-11-29T18:00:00Z'],
    ['205, AL, a Sunday', { phone: phoneOf(205) }, '2026-11-29T18:00:00Z', '2026-11-30T14:00:00Z'],
    ['907, four zones', { phone: phoneOf(907) }, '2026-11-23T15:00:00Z', '2026-11-23T18:00:00Z'],
  ])('%s at %s', (_what, recipient, at, until) => {
    expect(ask(recipient, at).at).toBe(until ?? at);
  });
});

/** In each: a number with one zone, and the local edges of the row on a weekday (2026-11-23, a Monday), as UTC. */
const EDGES: Readonly<Record<string, readonly [areaCode: number, open: string, close: string]>> = {
  'US-FED-HOURS': [212, '13:00', '02:00+1'],
  'US-AL-HOURS': [205, '14:00', '02:00+1'],
  'US-CA-HOURS': [213, '17:00', '05:00+1'],
  'US-CT-HOURS': [203, '14:00', '01:00+1'],
  'US-FL-HOURS': [305, '13:00', '01:00+1'],
  'US-IL-HOURS': [312, '15:00', '03:00+1'],
  'US-KY-HOURS': [502, '15:00', '02:00+1'],
  'US-LA-HOURS': [504, '14:00', '02:00+1'],
  'US-MA-HOURS': [617, '13:00', '01:00+1'],
  'US-MD-HOURS': [301, '13:00', '01:00+1'],
  'US-MI-HOURS': [313, '14:00', '02:00+1'],
  'US-MN-HOURS': [612, '15:00', '03:00+1'],
  'US-MS-HOURS': [601, '14:00', '02:00+1'],
  'US-NJ-HOURS': [201, '13:00', '01:00+1'],
  'US-NM-HOURS': [505, '16:00', '04:00+1'],
  'US-NV-HOURS': [702, '17:00', '04:00+1'],
  'US-OK-HOURS': [405, '14:00', '02:00+1'],
  'US-RI-HOURS': [401, '14:00', '23:00'],
  'US-TX-HOURS': [512, '15:00', '03:00+1'],
};

function utc(edge: string): number {
  const [time = '', plus] = edge.split('+');
  return Date.parse(`2026-11-23T${time}:00Z`) + (plus === undefined ? 0 : DAY_MS);
}

describe('rows', () => {
  test.each(Object.entries(EDGES))('%s opens and closes to the minute', (id, [areaCode, open, close]) => {
    const recipient = { phone: phoneOf(areaCode) };
    const { zones, rules } = placeOf(recipient);
    expect(zones).toHaveLength(1);
    expect(rules(utc(open)).map((rule) => rule.id)).toEqual(id === 'US-FED-HOURS' ? [id] : ['US-FED-HOURS', id]);
    const isOpen = (atMs: number): boolean => findOpening(atMs, zones, rules(atMs)).atMs === atMs;
    expect([isOpen(utc(open) - 1), isOpen(utc(open)), isOpen(utc(close) - 1), isOpen(utc(close))]).toEqual([
      false,
      true,
      true,
      false,
    ]);
    const early = findOpening(utc(open) - 30 * MINUTE_MS, zones, rules(utc(open)));
    expect(early.atMs).toBe(utc(open));
    expect(findOpening(utc(close), zones, rules(utc(close))).rule?.id).toBe(id);
  });

  test.each([
    ['US-RI-HOURS', 401, '2026-11-28T14:59:00Z', '2026-11-28T15:00:00Z'],
    ['US-RI-HOURS', 401, '2026-11-28T22:00:00Z', '2026-11-29T15:00:00Z'],
    ['US-RI-HOURS', 401, '2026-11-29T22:00:00Z', '2026-11-30T14:00:00Z'],
    ['US-TX-HOURS', 512, '2026-11-29T17:59:00Z', '2026-11-29T18:00:00Z'],
    ['US-LA-HOURS', 504, '2026-11-29T16:00:00Z', '2026-11-30T14:00:00Z'],
    ['US-MS-HOURS', 601, '2026-11-29T16:00:00Z', '2026-11-30T14:00:00Z'],
    ['US-AL-HOURS on Thanksgiving', 205, '2026-11-26T16:00:00Z', '2026-11-27T14:00:00Z'],
    [
      'US-AL-HOURS on an observed holiday before a holiday before a Sunday',
      205,
      '2026-07-03T16:00:00Z',
      '2026-07-06T13:00:00Z',
    ],
    ['FR-HOURS', 0, '2026-11-23T06:59:00Z', '2026-11-23T07:00:00Z'],
    ['FR-HOURS in the evening', 0, '2026-11-23T21:00:00Z', '2026-11-24T07:00:00Z'],
    ['FR-HOURS on a Sunday', 0, '2026-11-29T12:00:00Z', '2026-11-30T07:00:00Z'],
    ['FR-HOURS on a holiday', 0, '2026-07-14T12:00:00Z', '2026-07-15T06:00:00Z'],
  ])('%s (%i) at %s', (id, areaCode, at, until) => {
    const phone = areaCode === 0 ? 33_612_345_678 : phoneOf(areaCode);
    expect(ask({ phone }, at)).toEqual({ at: until, rule: `${id.split(' ')[0]}@1` });
  });

  test('every row is tested, dated, sourced and well formed', () => {
    const hours = QUIET_RULES.filter((rule) => rule.windows !== null).map((rule) => rule.id);
    expect(hours.toSorted()).toEqual([...Object.keys(EDGES), 'FR-HOURS'].toSorted());
    expect(new Set(QUIET_RULES.map((rule) => rule.id)).size).toBe(QUIET_RULES.length);
    for (const rule of QUIET_RULES) {
      expect(rule).toMatchObject({ checkedOn: '2026-11-23', enabled: true, version: 1, validTo: null });
      expect(rule.source).not.toBe('');
      expect((rule.windows === null) !== (rule.cap === null)).toBe(true);
      for (const { start, end } of rule.windows ?? [])
        expect(start < end && /^\d\d:\d\d$/.test(start) && /^\d\d:\d\d$/.test(end)).toBe(true);
    }
    expect(QUIET_RULES.filter((rule) => rule.cap !== null).map(({ id, cap }) => [id, cap])).toEqual([
      ['US-FL-CAP', { messages: 3, hours: 24 }],
      ['US-OK-CAP', { messages: 3, hours: 24 }],
    ]);
  });

  test('a row holds from its day on', () => {
    const rulesAt = (at: string) => rulesFor(phoneOf(405), ['OK'], Date.parse(at)).map((rule) => rule.id);
    expect(rulesAt('2022-10-31T23:59:59Z')).toEqual(['US-FED-HOURS']);
    expect(rulesAt('2022-11-01T00:00:00Z')).toEqual(['US-FED-HOURS', 'US-OK-HOURS', 'US-OK-CAP']);
  });

  test('a row holds to the end of its last day, and one without dates for ever', () => {
    expect(termOf({ validFrom: '2026-12-01', validTo: '2026-12-31' })).toEqual({
      fromMs: Date.parse('2026-12-01T00:00:00Z'),
      endMs: Date.parse('2027-01-01T00:00:00Z'),
    });
    expect(termOf({ validFrom: null, validTo: null })).toEqual({ fromMs: -Infinity, endMs: Infinity });
  });
});

describe('where the recipient may be', () => {
  test.each([
    ['the zone that is named', { phone: phoneOf(850), explicitZone: 'Asia/Tokyo', accountZone: 'UTC' }, ['Asia/Tokyo']],
    [
      'all zones of the area code',
      { phone: phoneOf(850), explicitZone: null, accountZone: 'UTC' },
      ['America/Chicago', 'America/New_York'],
    ],
    [
      'the account, for toll-free',
      { phone: phoneOf(888), explicitZone: null, accountZone: 'America/Denver' },
      ['America/Denver'],
    ],
    [
      'all of the US, for 5XX',
      { phone: phoneOf(500), explicitZone: null, accountZone: null },
      expect.arrayContaining(['America/Adak', 'America/New_York']),
    ],
    [
      'all of the US, for 900',
      { phone: phoneOf(900), explicitZone: null, accountZone: null },
      expect.arrayContaining(['Pacific/Honolulu']),
    ],
  ])('%s', (_what, place, zones) => expect(candidateZones(place)).toEqual(zones));

  test('states of the area code and of the contact count together', () => {
    const statesOf = (...stateFields: unknown[]) => candidateStates({ phone: phoneOf(212), stateFields });
    expect(statesOf()).toEqual(['NY']);
    expect(statesOf(' fl ', 'TX')).toEqual(['FL', 'NY', 'TX']);
    expect(statesOf('Florida', 'XX', 7, null, undefined)).toEqual(['NY']);
    expect(ask({ phone: phoneOf(212), state: 'KY' }, '2026-11-23T14:00:00Z')).toEqual({
      at: '2026-11-23T15:00:00Z',
      rule: 'US-KY-HOURS@1',
    });
  });

  test('numbers outside +1 have hours only where a row says so', () => {
    expect(rulesFor(493_012_345, ['FL'], Date.parse('2026-11-23T03:00:00Z'))).toEqual([]);
    expect(rulesFor(33_612_345_678, [], 0).map((rule) => rule.id)).toEqual(['FR-HOURS']);
    expect(rulesFor(14_165_550_142, [], 0).map((rule) => rule.id)).toEqual(['US-FED-HOURS']);
  });
});

test('what never opens is told, with the rule', () => {
  const closed: QuietRule = { ...(QUIET_RULES[0] as QuietRule), windows: [] };
  expect(findOpening(0, ['UTC'], [closed])).toEqual({ atMs: null, rule: closed });
  const [morning, evening] = [
    ['00:00', '01:00'],
    ['02:00', '03:00'],
  ].map(([start = '', end = '']): QuietRule => ({
    ...closed,
    windows: [{ days: [0, 1, 2, 3, 4, 5, 6], start, end }],
  })) as [QuietRule, QuietRule];
  expect(findOpening(0, ['UTC'], [morning, evening]).atMs).toBe(null);
});

/** `HH:MM` of a clock on the wall, asked of the runtime and of nothing of ours. */
function createWall(zone: string): (atMs: number) => string {
  const format = new Intl.DateTimeFormat('sv-SE', { timeZone: zone, hour: '2-digit', minute: '2-digit' });
  return (atMs) => format.format(atMs);
}

test('clocks that change by half an hour are followed too, judged by what the runtime shows', () => {
  const zone = 'Australia/Lord_Howe';
  const wall = createWall(zone);
  const federal = QUIET_RULES.filter((rule) => rule.id === 'US-FED-HOURS');
  const fromMs = Date.parse('2026-09-25T00:00:00Z');
  // Backwards, so that the next moment at which the clock is inside the hours is known at each.
  const wrong: unknown[] = [];
  let nextMs: number | null = null;
  for (let atMs = fromMs + 365 * DAY_MS; atMs >= fromMs; atMs -= QUARTER_MS) {
    const time = wall(atMs);
    if (time >= '08:00' && time < '21:00') nextMs = atMs;
    const opening = findOpening(atMs, [zone], federal);
    if (nextMs !== null && opening.atMs !== nextMs) wrong.push([new Date(atMs).toISOString(), opening.atMs, nextMs]);
  }
  expect(wrong).toEqual([]);
});
