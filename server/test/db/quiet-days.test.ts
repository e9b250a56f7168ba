import { afterAll, beforeAll, expect, test } from 'vitest';
import { HOUR_MS } from '../../src/lib/clock.ts';
import { LAW_CASES, nextOpening } from '../helpers/quiet-law.ts';
import { marketing, submitsOf } from '../helpers/marketing.ts';
import { closeHealthy, createPipelineRig, type PipelineRig } from '../helpers/pipeline-rig.ts';

let rig: PipelineRig;

beforeAll(async () => {
  rig = await createPipelineRig({ quietHours: true });
});
afterAll(() => closeHealthy(rig));

/** Moments of the year in which there is most to be wrong about. Days apart, so that no cap holds anybody. */
test.each([
  ['a Tuesday night', '2026-11-10T06:30:00Z'],
  ['a night in which American clocks go back', '2026-11-01T05:30:00Z'],
  ['Thanksgiving', '2026-11-26T06:30:00Z'],
  ['Christmas, a Friday', '2026-12-25T06:30:00Z'],
  ['a night in which American clocks go forward', '2027-03-14T06:30:00Z'],
  ['a night in which French clocks go forward', '2027-03-28T00:30:00Z'],
  ['the Saturday evening before Independence Day, which is a Sunday and kept on Monday', '2027-07-04T01:30:00Z'],
  ['a French holiday, in the morning', '2027-07-14T06:30:00Z'],
  ['a Sunday afternoon in America', '2027-08-15T19:30:00Z'],
])('%s: every message goes once, at the first moment of its hours', async (_day, at) => {
  rig.advance(Date.parse(at) - rig.clock());
  const rows = LAW_CASES.map((who, n) => ({ ...who, expectedMs: nextOpening(who, Date.parse(at)), line: 1_000 + n }));
  // Another line of the same area each time.
  const minute = (Date.parse(at) / 60_000) % 9_000;
  const toOf = ({ phone, line }: { phone: number; line: number }): string =>
    `+${Math.floor(phone / 10_000) * 10_000 + ((minute + line) % 9_000)}`;
  const ids = await rig.send(
    ...rows.map((who) =>
      marketing(toOf(who), who.state === undefined ? {} : { contact_data: { custom_fields: { state: who.state } } }),
    ),
  );
  await rig.drain();
  const untilMs = await Promise.all(
    ids.map(async (id, n) => {
      const { hold, state } = await rig.get(id);
      return [rows[n]?.name, hold === null ? state : hold.until];
    }),
  );
  const expected = rows.map(({ name, expectedMs }) => [
    name,
    expectedMs === Date.parse(at) ? 'delivered' : new Date(expectedMs).toISOString(),
  ]);
  expect(untilMs).toEqual(expected);

  const openings = [...new Set(rows.map(({ expectedMs }) => expectedMs))].toSorted((a, b) => a - b);
  for (const openMs of openings) {
    if (openMs > rig.clock()) rig.advance(openMs - rig.clock());
    await rig.drain();
    const left = ids.filter((id) => submitsOf(rig, id) > 0).length;
    expect(left).toBe(rows.filter(({ expectedMs }) => expectedMs <= openMs).length);
  }
  rig.advance(HOUR_MS);
  await rig.drain();
  expect(ids.map((id) => submitsOf(rig, id))).toEqual(ids.map(() => 1));
});
