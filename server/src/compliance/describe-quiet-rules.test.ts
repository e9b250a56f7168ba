import { readFile } from 'node:fs/promises';
import { expect, test } from 'vitest';
import { describeQuietRules } from './describe-quiet-rules.ts';
import { QUIET_RULES } from './quiet-rules-data.ts';

const TEXT = describeQuietRules();

test.each([
  '| `US-FED-HOURS` | all of +1 | daily 08:00 to 21:00 |  |  | 1 | 2026-11-23 | 47 CFR 64.1200(c)(1) (all numbers of +1) |',
  '| `US-AL-HOURS` | AL | Mon to Sat 08:00 to 20:00; not on holidays of US |  |  | 1 | 2026-11-23 | usestello.com/compliance; dropcowboy.com/state-compliance |',
  '| `US-RI-HOURS` | RI | Mon to Fri 09:00 to 18:00; Sat, Sun 10:00 to 17:00 |  |  | 1 | 2026-11-23 | support.referrizer.com (TCPA quiet hours and state rules) |',
  '| `US-OK-CAP` | OK | at most 3 in 24 h, by one account to one number | 2022-11-01 |  | 1 | 2026-11-23 | 24kyc.com; mondaq.com (same subject, read strictly as any) |',
  '| 2027 | 01-01, 03-29, 05-01, 05-06, 05-08, 05-17, 07-14, 08-15, 11-01, 11-11, 12-25 |',
])('%s', (line) => expect(TEXT.split('\n')).toContain(line));

test('the page holds every row as it is in force', async () => {
  const page = await readFile(new URL('../../../docs/quiet-hours.md', import.meta.url), 'utf8');
  expect(page).toContain(TEXT.trim());
  for (const { id, source, checkedOn } of QUIET_RULES) {
    const row = page.split('\n').find((line) => line.startsWith(`| \`${id}\` |`)) ?? '';
    expect(row).toContain(source);
    expect(row).toContain(checkedOn);
  }
});
