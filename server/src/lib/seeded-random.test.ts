import { expect, test } from 'vitest';
import { createSeededRandom } from './seeded-random.ts';

const draw = (seed: string, count: number) => {
  const random = createSeededRandom(seed);
  return Array.from({ length: count }, () => random());
};

test('the same seed gives the same numbers, another seed others', () => {
  expect(draw('+13125550142', 5)).toEqual(draw('+13125550142', 5));
  expect(draw('+13125550142', 5)).not.toEqual(draw('+13125550143', 5));
});

test('numbers lie in [0, 1) and are spread evenly', () => {
  const numbers = draw('spread', 10_000);
  const tenths = Array.from({ length: 10 }, (_, i) => numbers.filter((n) => Math.floor(n * 10) === i).length);
  expect(numbers.every((n) => n >= 0 && n < 1)).toBe(true);
  for (const count of tenths) expect(Math.abs(count - 1_000)).toBeLessThan(150);
});

test('the first numbers of neighbouring seeds are spread evenly too', () => {
  const firsts = Array.from({ length: 2_000 }, (_, i) => draw(`+1312555${1_000 + i}`, 1)[0] ?? 0);
  expect(Math.abs(firsts.filter((n) => n < 0.5).length - 1_000)).toBeLessThan(120);
});
