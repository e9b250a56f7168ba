import { expect, test } from 'vitest';
import { offsetOf, parsePage, toPagination } from './page.ts';

test.each([
  [{}, { page: 1, perPage: 50 }],
  [
    { page: '2', per_page: '10' },
    { page: 2, perPage: 10 },
  ],
  [{ per_page: '100' }, { page: 1, perPage: 100 }],
  [{ per_page: '101' }, { page: 1, perPage: 100 }],
  [
    { page: '9'.repeat(30), per_page: '9'.repeat(400) },
    { page: 1_000_000_000, perPage: 100 },
  ],
])('%j asks for %j', (query, page) => {
  expect(parsePage(query, 100)).toEqual(page);
});

test.each([
  ...['', '0', '-1', '1.5', '1e3', ' 1', 'x', '٣'].map((page) => [{ page }, 'invalid_page']),
  ...['', '0', '-1', '1.5', 'x'].map((value) => [{ per_page: value }, 'invalid_per_page']),
  [{ page: '0', per_page: '0' }, 'invalid_page'],
] as [Record<string, string>, string][])('%j is refused with %s', (query, code) => {
  expect(() => parsePage(query, 100)).toThrow(expect.objectContaining({ code }));
});

test.each([
  [0, 0],
  [1, 1],
  [50, 1],
  [51, 2],
])('%i entries fill %i pages', (total, pages) => {
  expect(toPagination({ page: 1, perPage: 50 }, total)).toMatchObject({ total, total_pages: pages });
});

test('the first entry of a page is behind those of the pages before', () => {
  expect(offsetOf({ page: 3, perPage: 50 })).toBe(100);
});
