import { expect, test } from 'vitest';
import { createTestDatabase } from '../../test/helpers/test-database.ts';
import { bigInt8Array, boolArray, int2Array, int8Array, textArray } from './array-parameters.ts';

test('arrays arrive as they were, with nulls, limits and none at all', async () => {
  await using database = await createTestDatabase();
  const numbers = [0, -1, 2 ** 53 - 1, -(2 ** 53) + 1, 2 ** 32, null];
  const shorts = [0, 32_767, -32_768, null];
  const texts = ['', 'Ünïcödé \u{1f44d}', 'a,"b"\\{c}', null, 'NULL'];
  const { rows } = await database.pool.query({
    text: `select $1::bigint[]::text as numbers, $2::smallint[]::text as shorts, to_json($3::text[]) as texts,
             $4::boolean[]::text as bools, $5::bigint[]::text as hashes, cardinality($6::bigint[]) as none,
             (select count(*) from unnest($6::bigint[], $7::text[]) as n(a, b)) as rows, 1 = any ($6::bigint[]) as found`,
    values: [
      int8Array(numbers),
      int2Array(shorts),
      textArray(texts),
      boolArray([true, false, null]),
      bigInt8Array([2n ** 63n - 1n, -(2n ** 63n)]),
      int8Array([]),
      textArray([]),
    ],
  });
  expect(rows).toEqual([
    {
      numbers: '{0,-1,9007199254740991,-9007199254740991,4294967296,NULL}',
      shorts: '{0,32767,-32768,NULL}',
      texts,
      bools: '{t,f,NULL}',
      hashes: '{9223372036854775807,-9223372036854775808}',
      none: 0,
      rows: 0,
      found: false,
    },
  ]);
});
