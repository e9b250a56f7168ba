import { assert, property, string, constantFrom, oneof } from 'fast-check';
import Papa from 'papaparse';
import { expect, test } from 'vitest';
import { fromCell, toCsv } from './csv-cells.ts';

const readCells = (csv: string): string[] =>
  (Papa.parse(csv.replace(/\r\n$/, ''), { delimiter: ',' }).data as string[][])[0] ?? [];

test.each([
  ['=HYPERLINK("https://evil.example")', `"'=HYPERLINK(""https://evil.example"")"`],
  ['@SUM(1)', "'@SUM(1)"],
  ['+1+1', "'+1+1"],
  ['-1+1', "'-1+1"],
  ['\tx', "'\tx"],
  ["'=1", "''=1"],
  ['+13125550142', '+13125550142'],
  ["O'Neill", "O'Neill"],
  ["'quoted'", "'quoted'"],
  ['a=b', 'a=b'],
  [-5, '-5'],
])('%j is written as %j, which no spreadsheet runs', (value, cell) => {
  expect(toCsv([[value, 'x']])).toBe(`${cell},x\r\n`);
});

test('whatever is written is read again as it was', () => {
  const text = oneof(string(), string({ unit: constantFrom("'", '=', '+', '-', '@', '\t', '1', '"', ',') }));
  assert(
    property(text, (given) => {
      const [cell = ''] = readCells(toCsv([[given, 'x']]));
      expect(fromCell(cell)).toBe(given);
    }),
  );
});
