import { describe, expect, test } from 'vitest';
import {
  federalHolidays,
  frenchHolidays,
  isRuleOpen,
  LAW_CASES,
  LAW_ROWS,
  type LawCase,
} from '../../test/helpers/quiet-law.ts';
import { HOUR_MS } from '../lib/clock.ts';
import { ZONE_PREFIXES } from '../phone/area-data.ts';
import { findOpening } from './quiet-hours.ts';
import { candidateStates, candidateZones, rulesFor } from './quiet-place.ts';
import type { QuietRule } from './quiet-rule.ts';
import { HOLIDAYS, QUIET_RULES } from './quiet-rules-data.ts';

/** A year and two weeks: both changes of all clocks, the American one to winter twice, and every holiday. */
const FROM_MS = Date.parse('2026-10-24T00:00:00Z');
const TO_MS = Date.parse('2027-11-09T00:00:00Z');

const zonesOf = ({ phone }: LawCase): readonly string[] =>
  candidateZones({ phone, explicitZone: null, accountZone: null });
const rulesOf = ({ phone, state }: LawCase, atMs: number): readonly QuietRule[] =>
  rulesFor(phone, candidateStates({ phone, stateFields: [state] }), atMs).filter((rule) => rule.windows !== null);

/** What the rules say of an hour: of all of them, and of each. */
interface Hour {
  readonly atMs: number;
  readonly openMs: number;
  readonly closed: ReadonlySet<string>;
}

/** Backwards, so that the next hour at which everything is open is known at each. */
function* hoursOf(who: LawCase): Generator<Hour> {
  let openMs = Number.POSITIVE_INFINITY;
  for (let atMs = TO_MS + 8 * 24 * HOUR_MS; atMs >= FROM_MS; atMs -= HOUR_MS) {
    const closed = new Set<string>(who.rules.filter((rule) => !isRuleOpen(who, rule, atMs)));
    if (closed.size === 0) openMs = atMs;
    if (atMs < TO_MS) yield { atMs, openMs, closed };
  }
}

describe('a clock that runs through a year', () => {
  test('meets every row, every zone, changes of clocks and holidays', () => {
    const rows = QUIET_RULES.filter((rule) => rule.windows !== null).map((rule) => rule.id);
    expect(rows.toSorted()).toEqual(Object.keys(LAW_ROWS).toSorted());
    expect([...new Set(LAW_CASES.flatMap((who) => who.rules))].toSorted()).toEqual(rows.toSorted());
    // Every set of several zones that an area code of the United States has.
    const sets = Object.keys(ZONE_PREFIXES).filter(
      (names) => names.includes('&') && names.split('&').every((name) => US_ZONES.has(name)),
    );
    const met = new Set(LAW_CASES.map((who) => who.zones.toSorted().join('&')));
    expect(sets.filter((names) => !met.has(names))).toEqual([]);
  });

  test.each(LAW_CASES.map((who) => [who.name, who] as const))('%s has these zones and rules', (_name, who) => {
    expect(zonesOf(who).toSorted()).toEqual(who.zones.toSorted());
    expect(rulesOf(who, FROM_MS).map((rule) => rule.id)).toEqual(who.rules);
  });

  // Whose zones and rules are the same is asked for once.
  const walks = new Map(LAW_CASES.map((who) => [`${who.zones.join()} ${who.rules.join()}`, who]));
  test.each([...walks.values()].map((who) => [who.name, who] as const))(
    '%s: texts go at no moment outside the hours, and no later than they may',
    (_name, who) => {
      const zones = zonesOf(who);
      const rules = rulesOf(who, FROM_MS);
      const wrong: unknown[] = [];
      for (const { atMs, openMs, closed } of hoursOf(who)) {
        const isOpen = openMs === atMs;
        // The first and the last moment of the hour.
        for (const nowMs of [atMs, atMs + HOUR_MS - 1]) {
          const opening = findOpening(nowMs, zones, rules);
          const expectedMs = isOpen ? nowMs : openMs;
          const toldRule = opening.rule?.id ?? null;
          // The rule that is told is the one that is closed until then.
          const isRuleRight = isOpen
            ? toldRule === null
            : toldRule !== null && !isRuleOpenBefore(who, toldRule, openMs);
          if (opening.atMs !== expectedMs || !isRuleRight) {
            wrong.push([new Date(nowMs).toISOString(), opening.atMs, expectedMs, toldRule, [...closed]]);
          }
        }
      }
      expect(wrong).toEqual([]);
    },
  );
});

function isRuleOpenBefore(who: LawCase, rule: string, openMs: number): boolean {
  return isRuleOpen(who, rule as LawCase['rules'][number], openMs - 1);
}

const US_ZONES: ReadonlySet<string> = new Set(
  LAW_CASES.flatMap((who) => who.zones).filter((zone) => !zone.startsWith('Europe/')),
);

const YEARS = Array.from({ length: 15 }, (_, n) => 2026 + n);

test.each([
  ['US', federalHolidays],
  ['FR', frenchHolidays],
] as const)('the holidays of %s are those of the law, for fifteen years', (country, ofLaw) => {
  const expected = YEARS.flatMap((year) => ofLaw(year)).map((dayMs) => new Date(dayMs).toISOString().slice(0, 10));
  expect([...HOLIDAYS[country]].toSorted()).toEqual(expected);
});
