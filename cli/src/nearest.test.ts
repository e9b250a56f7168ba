import { expect, test } from 'vitest';
import { editDistance, findNearest } from './nearest.ts';

test.each([
  ['', '', 0],
  ['accounts', 'accounts', 0],
  ['acounts', 'accounts', 1],
  ['sned', 'send', 1],
  ['kitten', 'sitting', 3],
  ['', 'up', 2],
])('from %j to %j it takes %i edits', (a, b, distance) => {
  expect(editDistance(a, b)).toBe(distance);
  expect(editDistance(b, a)).toBe(distance);
});

test('the nearest word is found, and none when all are far', () => {
  const words = ['accounts', 'keys', 'lists', 'up'];
  expect(findNearest('acounts', words)).toBe('accounts');
  expect(findNearest('KEY', words)).toBe('keys');
  expect(findNearest('lsit', words)).toBe('lists');
  expect(findNearest('campaigns', words)).toBeUndefined();
});
