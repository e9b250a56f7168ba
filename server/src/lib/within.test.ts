import { expect, test } from 'vitest';
import { TimeLimitError, within } from './within.ts';

test('what is over in time settles as it did', async () => {
  expect(await within(1_000, Promise.resolve(7))).toBe(7);
  await expect(within(1_000, Promise.reject(new Error('refused')))).rejects.toThrow('refused');
});

test('what is not over in time is given up', async () => {
  await expect(within(5, new Promise(() => {}))).rejects.toThrow(TimeLimitError);
});
