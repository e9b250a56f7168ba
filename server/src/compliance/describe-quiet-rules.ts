import type { QuietRule, RuleWindow } from './quiet-rule.ts';
import { HOLIDAYS, QUIET_RULES } from './quiet-rules-data.ts';

const DAYS = ['Sun', 'Mon', 'Tue', 'Wed', 'Thu', 'Fri', 'Sat'] as const;
/** Days of the week as people count them. */
const FROM_MONDAY = [1, 2, 3, 4, 5, 6, 0] as const;

/** The rows and holidays that are in force, for docs/quiet-hours.md. */
export function describeQuietRules(): string {
  return [
    '| rule | who | when, or how often | from | to | version | checked on | source |',
    '| --- | --- | --- | --- | --- | --- | --- | --- |',
    ...QUIET_RULES.filter((rule) => rule.enabled).map(toTableRow),
    '',
    'Dates are inclusive; no date is before the table began, or without an end. Days that are not named have no hours.',
    '',
    ...Object.entries(HOLIDAYS).map(([country, dates]) => describeHolidays(country, dates)),
  ].join('\n');
}

function toTableRow(rule: QuietRule): string {
  const { id, validFrom, validTo, version, checkedOn, source, note } = rule;
  const cells = [
    `\`${id}\``,
    describePlace(rule),
    describeLimit(rule),
    validFrom ?? '',
    validTo ?? '',
    version,
    checkedOn,
    note === null ? source : `${source} (${note})`,
  ];
  return `| ${cells.join(' | ')} |`;
}

function describePlace({ country, region }: QuietRule): string {
  if (region !== null) return region;
  return country === 'US' ? 'all of +1' : country;
}

function describeLimit({ windows, cap, holidays }: QuietRule): string {
  if (cap !== null) return `at most ${cap.messages} in ${cap.hours} h, by one account to one number`;
  const hours = (windows ?? []).map(({ days, start, end }) => `${describeDays(days)} ${start} to ${end}`);
  return [...hours, ...(holidays === null ? [] : [`not on holidays of ${holidays}`])].join('; ');
}

function describeDays(days: RuleWindow['days']): string {
  if (days.length === DAYS.length) return 'daily';
  const sorted = FROM_MONDAY.filter((day) => days.includes(day));
  const [first, last] = [sorted[0] ?? 0, sorted.at(-1) ?? 0];
  const span = FROM_MONDAY.slice(FROM_MONDAY.indexOf(first), FROM_MONDAY.indexOf(last) + 1);
  if (sorted.length > 2 && span.length === sorted.length) return `${DAYS[first]} to ${DAYS[last]}`;
  return sorted.map((day) => DAYS[day]).join(', ');
}

function describeHolidays(country: string, dates: ReadonlySet<string>): string {
  const byYear = new Map<string, string[]>();
  for (const date of dates) byYear.set(date.slice(0, 4), [...(byYear.get(date.slice(0, 4)) ?? []), date.slice(5)]);
  const rows = [...byYear].map(([year, days]) => `| ${year} | ${days.join(', ')} |`);
  return [`| holidays of ${country} | month and day |`, '| --- | --- |', ...rows, ''].join('\n');
}
