/*
 * Hours and caps of marketing texts in the United States and France, as dated rows with their sources. Not legal advice:
 * have counsel confirm. Where sources conflict (noted in the row), the stricter one is taken. A row that changes gets a new
 * version; the old one gets `validTo`.
 */
import type { QuietRule, RuleWindow } from './quiet-rule.ts';

const S1 = 'support.referrizer.com (TCPA quiet hours and state rules)';
const S2 = 'usestello.com/compliance';
const S3 = 'dropcowboy.com/state-compliance';
const CHECKED_ON = '2026-11-23';

const EVERY_DAY = [0, 1, 2, 3, 4, 5, 6] as const;
const WEEKDAYS = [1, 2, 3, 4, 5] as const;
const MONDAY_TO_SATURDAY = [1, 2, 3, 4, 5, 6] as const;
const WEEKEND = [0, 6] as const;

type Details = Partial<Pick<QuietRule, 'validFrom' | 'holidays' | 'country' | 'note'>>;

function hours(
  id: string,
  region: string | null,
  windows: RuleWindow[],
  source: string,
  details: Details = {},
): QuietRule {
  return row({ id, region, windows, cap: null, source }, details);
}

function cap(id: string, region: string, source: string, details: Details = {}): QuietRule {
  return row({ id, region, windows: null, cap: { messages: 3, hours: 24 }, source }, details);
}

function row(
  own: Pick<QuietRule, 'id' | 'region' | 'windows' | 'cap' | 'source'>,
  { validFrom = null, holidays = null, country = 'US', note = null }: Details,
): QuietRule {
  return {
    ...own,
    country,
    holidays,
    validFrom,
    validTo: null,
    note,
    checkedOn: CHECKED_ON,
    enabled: true,
    version: 1,
  };
}

function window(days: RuleWindow['days'], start: string, end: string): RuleWindow {
  return { days, start, end };
}

const daily = (start: string, end: string): RuleWindow[] => [window(EVERY_DAY, start, end)];

export const QUIET_RULES: readonly QuietRule[] = [
  hours('US-FED-HOURS', null, daily('08:00', '21:00'), '47 CFR 64.1200(c)(1)', { note: 'all numbers of +1' }),
  hours('US-AL-HOURS', 'AL', [window(MONDAY_TO_SATURDAY, '08:00', '20:00')], `${S2}; ${S3}`, { holidays: 'US' }),
  hours('US-CA-HOURS', 'CA', daily('09:00', '21:00'), S2, { note: 'conflict: absent in the other two sources' }),
  hours('US-CT-HOURS', 'CT', daily('09:00', '20:00'), `${S1}; ${S2}; ${S3}`),
  hours('US-FL-HOURS', 'FL', daily('08:00', '20:00'), `${S1}; ${S2}; ${S3}`),
  hours('US-IL-HOURS', 'IL', daily('09:00', '21:00'), S2, { note: 'conflict: dropcowboy.com says 08' }),
  hours('US-KY-HOURS', 'KY', daily('10:00', '21:00'), `${S2}; ${S3}`),
  hours('US-LA-HOURS', 'LA', [window(MONDAY_TO_SATURDAY, '08:00', '20:00')], `${S2}; ${S3}`),
  hours('US-MA-HOURS', 'MA', daily('08:00', '20:00'), `${S2}; ${S3}`),
  hours('US-MD-HOURS', 'MD', daily('08:00', '20:00'), `${S1}; ${S2}; ${S3}`),
  hours('US-MI-HOURS', 'MI', daily('09:00', '21:00'), `${S2}; ${S3}`),
  hours('US-MN-HOURS', 'MN', daily('09:00', '21:00'), `${S2}; ${S3}`),
  hours('US-MS-HOURS', 'MS', [window(MONDAY_TO_SATURDAY, '08:00', '20:00')], `${S1}; ${S2}; ${S3}`, {
    note: 'Sundays: dropcowboy.com',
  }),
  hours('US-NJ-HOURS', 'NJ', daily('08:00', '20:00'), S1),
  hours('US-NM-HOURS', 'NM', daily('09:00', '21:00'), S3),
  hours('US-NV-HOURS', 'NV', daily('09:00', '20:00'), S3),
  hours('US-OK-HOURS', 'OK', daily('08:00', '20:00'), `${S1}; ${S3}; mondaq.com 1251310`, { validFrom: '2022-11-01' }),
  hours('US-RI-HOURS', 'RI', [window(WEEKDAYS, '09:00', '18:00'), window(WEEKEND, '10:00', '17:00')], S1),
  hours('US-TX-HOURS', 'TX', [window(MONDAY_TO_SATURDAY, '09:00', '21:00'), window([0], '12:00', '21:00')], S1, {
    note: 'conflict: one digest has Sundays the other way round',
  }),
  cap('US-FL-CAP', 'FL', 'Postscript help 4402923332379', { note: 'same subject, read strictly as any' }),
  cap('US-OK-CAP', 'OK', '24kyc.com; mondaq.com', {
    validFrom: '2022-11-01',
    note: 'same subject, read strictly as any',
  }),
  hours('FR-HOURS', null, [window(MONDAY_TO_SATURDAY, '08:00', '22:00')], 'Klaviyo help 4408737146651', {
    country: 'FR',
    holidays: 'FR',
  }),
];

/**
 * Public holidays to 2040, by country. US: federal ones (5 U.S.C. 6103), on their own day and on the day they are observed
 * (Executive Order 11582). FR: Code du travail L3133-1.
 */
export const HOLIDAYS: Readonly<Record<'US' | 'FR', ReadonlySet<string>>> = {
  US: toDates({
    2026: '01-01 01-19 02-16 05-25 06-19 07-03 07-04 09-07 10-12 11-11 11-26 12-25',
    2027: '01-01 01-18 02-15 05-31 06-18 06-19 07-04 07-05 09-06 10-11 11-11 11-25 12-24 12-25 12-31',
    2028: '01-01 01-17 02-21 05-29 06-19 07-04 09-04 10-09 11-10 11-11 11-23 12-25',
    2029: '01-01 01-15 02-19 05-28 06-19 07-04 09-03 10-08 11-11 11-12 11-22 12-25',
    2030: '01-01 01-21 02-18 05-27 06-19 07-04 09-02 10-14 11-11 11-28 12-25',
    2031: '01-01 01-20 02-17 05-26 06-19 07-04 09-01 10-13 11-11 11-27 12-25',
    2032: '01-01 01-19 02-16 05-31 06-18 06-19 07-04 07-05 09-06 10-11 11-11 11-25 12-24 12-25 12-31',
    2033: '01-01 01-17 02-21 05-30 06-19 06-20 07-04 09-05 10-10 11-11 11-24 12-25 12-26',
    2034: '01-01 01-02 01-16 02-20 05-29 06-19 07-04 09-04 10-09 11-10 11-11 11-23 12-25',
    2035: '01-01 01-15 02-19 05-28 06-19 07-04 09-03 10-08 11-11 11-12 11-22 12-25',
    2036: '01-01 01-21 02-18 05-26 06-19 07-04 09-01 10-13 11-11 11-27 12-25',
    2037: '01-01 01-19 02-16 05-25 06-19 07-03 07-04 09-07 10-12 11-11 11-26 12-25',
    2038: '01-01 01-18 02-15 05-31 06-18 06-19 07-04 07-05 09-06 10-11 11-11 11-25 12-24 12-25 12-31',
    2039: '01-01 01-17 02-21 05-30 06-19 06-20 07-04 09-05 10-10 11-11 11-24 12-25 12-26',
    2040: '01-01 01-02 01-16 02-20 05-28 06-19 07-04 09-03 10-08 11-11 11-12 11-22 12-25',
  }),
  FR: toDates({
    2026: '01-01 04-06 05-01 05-08 05-14 05-25 07-14 08-15 11-01 11-11 12-25',
    2027: '01-01 03-29 05-01 05-06 05-08 05-17 07-14 08-15 11-01 11-11 12-25',
    2028: '01-01 04-17 05-01 05-08 05-25 06-05 07-14 08-15 11-01 11-11 12-25',
    2029: '01-01 04-02 05-01 05-08 05-10 05-21 07-14 08-15 11-01 11-11 12-25',
    2030: '01-01 04-22 05-01 05-08 05-30 06-10 07-14 08-15 11-01 11-11 12-25',
    2031: '01-01 04-14 05-01 05-08 05-22 06-02 07-14 08-15 11-01 11-11 12-25',
    2032: '01-01 03-29 05-01 05-06 05-08 05-17 07-14 08-15 11-01 11-11 12-25',
    2033: '01-01 04-18 05-01 05-08 05-26 06-06 07-14 08-15 11-01 11-11 12-25',
    2034: '01-01 04-10 05-01 05-08 05-18 05-29 07-14 08-15 11-01 11-11 12-25',
    2035: '01-01 03-26 05-01 05-03 05-08 05-14 07-14 08-15 11-01 11-11 12-25',
    2036: '01-01 04-14 05-01 05-08 05-22 06-02 07-14 08-15 11-01 11-11 12-25',
    2037: '01-01 04-06 05-01 05-08 05-14 05-25 07-14 08-15 11-01 11-11 12-25',
    2038: '01-01 04-26 05-01 05-08 06-03 06-14 07-14 08-15 11-01 11-11 12-25',
    2039: '01-01 04-11 05-01 05-08 05-19 05-30 07-14 08-15 11-01 11-11 12-25',
    2040: '01-01 04-02 05-01 05-08 05-10 05-21 07-14 08-15 11-01 11-11 12-25',
  }),
};

function toDates(byYear: Readonly<Record<number, string>>): ReadonlySet<string> {
  return new Set(Object.entries(byYear).flatMap(([year, days]) => days.split(' ').map((day) => `${year}-${day}`)));
}
