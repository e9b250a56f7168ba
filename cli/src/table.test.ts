import { expect, test } from 'vitest';
import { toFields, toTable } from './table.ts';

test('columns are as wide as their widest cell', () => {
  expect(
    toTable(
      ['id', 'name'],
      [
        [1, 'a\nb'],
        [22, null],
      ],
      'none',
    ),
  ).toBe('ID  NAME\n1   a b\n22  -');
  expect(toTable(['id'], [], 'There is none.')).toBe('There is none.');
});

test('fields stand below each other', () => {
  expect(toFields({ id: 1, settings: { a: true }, brand: null })).toBe(
    'id        1\nsettings  {"a":true}\nbrand     -',
  );
});
