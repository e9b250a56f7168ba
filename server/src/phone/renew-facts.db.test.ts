import { afterAll, beforeAll, beforeEach, describe, expect, test } from 'vitest';
import { createTestDatabase, type TestDatabase } from '../../test/helpers/test-database.ts';
import type { LineType } from '../store/contact-store.ts';
import { phoneDataVersion, renewFacts, toRenewed } from './renew-facts.ts';

let database: TestDatabase;
beforeAll(async () => {
  database = await createTestDatabase();
});
afterAll(() => database[Symbol.asyncDispose]());
beforeEach(() => database.pool.query('truncate contact, phone_data'));

const REAL = 13_125_550_142;
const NONE = 13_121_550_142;

async function insert(phones: readonly number[], isValid: boolean, lineType: LineType): Promise<void> {
  await database.pool.query(
    'insert into contact (phone, is_valid, line_type, created_ms) select unnest($1::bigint[]), $2, $3, 0',
    [phones, isValid, lineType],
  );
}
const stored = async () =>
  (await database.pool.query('select phone, is_valid, line_type, country, state from contact order by phone')).rows;

test('a new installation has nothing to renew', async () => {
  await insert([REAL], false, 'FAKE');
  expect(await renewFacts(database.pool, phoneDataVersion())).toBe(false);
  expect(await stored()).toMatchObject([{ is_valid: false, country: null }]);
});

test('new data are brought to every contact once', async () => {
  await renewFacts(database.pool, 'older data');
  await insert([REAL], false, 'FAKE');
  await insert([NONE], true, 'CELL PHONE');
  expect(await renewFacts(database.pool, 'newer data')).toBe(false);
  expect(await stored()).toEqual([
    { phone: NONE, is_valid: false, line_type: 'FAKE', country: null, state: null },
    { phone: REAL, is_valid: true, line_type: 'CELL PHONE', country: 'US', state: 'IL' },
  ]);
  await database.pool.query(`update contact set country = 'FR'`);
  await renewFacts(database.pool, 'newer data');
  expect(await stored()).toMatchObject([{ country: 'FR' }, { country: 'FR' }]);
});

test('many contacts are renewed piece by piece, and a newer change begins anew', async () => {
  await renewFacts(database.pool, 'older data');
  const phones = Array.from({ length: 5_001 }, (_, index) => 13_125_560_000 + index);
  await insert(phones, true, 'CELL PHONE');
  const renewed = async () => (await stored()).filter(({ state }) => state === 'IL').length;
  expect(await renewFacts(database.pool, 'newer data')).toBe(true);
  expect(await renewed()).toBe(5_000);
  await database.pool.query('update contact set state = null');
  expect(await renewFacts(database.pool, 'newest data')).toBe(true);
  expect(await renewFacts(database.pool, 'newest data')).toBe(false);
  expect(await renewed()).toBe(5_001);
});

describe('what others said stays', () => {
  const facts = (isValid: boolean, lineType: LineType) => ({
    phone: REAL,
    isValid,
    lineType,
    country: 'US',
    state: null,
  });
  test.each<[string, [boolean, LineType], [boolean, LineType], [boolean, LineType]]>([
    ['nothing changed', [true, 'CELL PHONE'], [true, 'CELL PHONE'], [true, 'CELL PHONE']],
    ['a range was assigned', [false, 'FAKE'], [true, 'LANDLINE'], [true, 'LANDLINE']],
    ['a range was withdrawn', [true, 'LANDLINE'], [false, 'FAKE'], [false, 'FAKE']],
    ['a type became known', [true, 'UNKNOWN'], [true, 'VOIP'], [true, 'VOIP']],
    ['a look-up knew better', [true, 'LANDLINE'], [true, 'CELL PHONE'], [true, 'LANDLINE']],
    ['a carrier said that nobody has it', [false, 'CELL PHONE'], [true, 'CELL PHONE'], [false, 'CELL PHONE']],
    ['a look-up knew one that is in no range', [false, 'CELL PHONE'], [false, 'FAKE'], [false, 'CELL PHONE']],
  ])('%s', (_name, before, now, after) => {
    expect(toRenewed(facts(...before), facts(...now))).toEqual(facts(...after));
  });
});
