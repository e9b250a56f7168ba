import { expect, test } from 'vitest';
import { createFairQueue } from './fair-queue.ts';

/** Pieces that end when they are told to. */
function createWork(name: string, count: number, order: string[]) {
  const ends: (() => void)[] = [];
  const start = (index: number): Promise<void> => {
    order.push(`${name}${index}`);
    return new Promise((resolve) => ends.push(resolve));
  };
  return {
    work: { count, start },
    endNext: async () => {
      ends.shift()?.();
      await new Promise((resolve) => setImmediate(resolve));
    },
    underWay: () => ends.length,
  };
}

test('a lane never has more under way than its limit', async () => {
  const order: string[] = [];
  const lane = createFairQueue(100).openLane(2);
  const own = createWork('a', 5, order);
  const done = lane.run(own.work);
  expect(own.underWay()).toBe(2);
  for (let i = 0; i < 5; i++) {
    expect(own.underWay()).toBeLessThanOrEqual(2);
    await own.endNext();
  }
  expect(await done).toBe(5);
  expect(order).toEqual(['a0', 'a1', 'a2', 'a3', 'a4']);
});

test('a lane that comes later gets every other place', async () => {
  const order: string[] = [];
  const queue = createFairQueue(1);
  const [big, small] = [createWork('b', 4, order), createWork('s', 2, order)];
  const running = [queue.openLane(10).run(big.work), queue.openLane(10).run(small.work)];
  for (let i = 0; i < 6; i++) {
    await big.endNext();
    await small.endNext();
  }
  expect(await Promise.all(running)).toEqual([4, 2]);
  // The place after the first was taken before the other lane came.
  expect(order).toEqual(['b0', 'b1', 's0', 'b2', 's1', 'b3']);
});

test('works of one lane take turns too', async () => {
  const order: string[] = [];
  const lane = createFairQueue(1).openLane(1);
  const [one, two] = [createWork('x', 2, order), createWork('y', 2, order)];
  const running = [lane.run(one.work), lane.run(two.work)];
  for (let i = 0; i < 4; i++) {
    await one.endNext();
    await two.endNext();
  }
  await Promise.all(running);
  expect(order).toEqual(['x0', 'x1', 'y0', 'y1']);
});

test('a stop starts nothing new and waits for what is under way', async () => {
  const order: string[] = [];
  const lane = createFairQueue(2).openLane(2);
  const own = createWork('a', 5, order);
  const stop = new AbortController();
  const done = lane.run(own.work, stop.signal);
  stop.abort();
  await own.endNext();
  await own.endNext();
  expect(await done).toBe(2);
  expect(order).toEqual(['a0', 'a1']);
});

test('work that has not begun when it is stopped ends at once, and its place stays free', async () => {
  const order: string[] = [];
  const queue = createFairQueue(1);
  const [first, second, third] = [createWork('a', 1, order), createWork('b', 3, order), createWork('c', 1, order)];
  const stop = new AbortController();
  const running = queue.openLane(5).run(first.work);
  const stopped = queue.openLane(5).run(second.work, stop.signal);
  const last = queue.openLane(5).run(third.work);
  stop.abort();
  expect(await stopped).toBe(0);
  await first.endNext();
  await third.endNext();
  expect(await Promise.all([running, last])).toEqual([1, 1]);
  expect(order).toEqual(['a0', 'c0']);
});

test('nothing to do is done at once', async () => {
  const lane = createFairQueue(1).openLane(1);
  expect(await lane.run({ count: 0, start: () => Promise.resolve() })).toBe(0);
  expect(await lane.run({ count: 3, start: () => Promise.resolve() }, AbortSignal.abort())).toBe(0);
});
