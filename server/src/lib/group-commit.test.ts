import * as fc from 'fast-check';
import { expect, test } from 'vitest';
import { createGroupCommit } from './group-commit.ts';

interface End {
  readonly resolve: () => void;
  readonly reject: (error: Error) => void;
}

/** Commits that end when the test says so. */
function startCommits(maxItems: number) {
  const groups: number[][] = [];
  const ends: End[] = [];
  const commits = createGroupCommit<number, string>({
    maxItems,
    async commit(items) {
      groups.push([...items]);
      await new Promise<void>((resolve, reject) => ends.push({ resolve, reject }));
      return items.map((item) => `r${item}`);
    },
  });
  return { groups, ends, commits };
}

const nextTurn = () => new Promise((resolve) => setImmediate(resolve));

test('calls of one turn share a commit and get their own results', async () => {
  const { groups, ends, commits } = startCommits(100);
  const calls = Promise.all([commits.add([1, 2]), commits.add([3]), commits.add([])]);
  await nextTurn();
  expect(groups).toEqual([[1, 2, 3]]);
  ends[0]?.resolve();
  expect(await calls).toEqual([['r1', 'r2'], ['r3'], []]);
});

test('calls made during a commit gather into the next one', async () => {
  const { groups, ends, commits } = startCommits(100);
  const first = commits.add([1]);
  await nextTurn();
  const second = commits.add([2]);
  await nextTurn();
  const third = commits.add([3]);
  expect(groups).toEqual([[1]]);
  ends[0]?.resolve();
  await first;
  await nextTurn();
  expect(groups).toEqual([[1], [2, 3]]);
  ends[1]?.resolve();
  expect(await Promise.all([second, third])).toEqual([['r2'], ['r3']]);
});

test('a group ends before the call that is too much, and a large call goes alone', async () => {
  const groups: number[][] = [];
  const commits = createGroupCommit<number, number>({
    maxItems: 3,
    async commit(items) {
      groups.push([...items]);
      return items;
    },
  });
  await Promise.all([
    commits.add([1, 2]),
    commits.add([3, 4]),
    commits.add([5]),
    commits.add([6, 7, 8, 9]),
    commits.add([10]),
  ]);
  expect(groups).toEqual([[1, 2], [3, 4, 5], [6, 7, 8, 9], [10]]);
});

test('a failed commit fails its calls and no others', async () => {
  const { ends, commits } = startCommits(100);
  const calls = Promise.allSettled([commits.add([1]), commits.add([2])]);
  await nextTurn();
  const later = commits.add([3]);
  ends[0]?.reject(new Error('disk full'));
  const settled = await calls;
  expect(settled.map((call) => call.status === 'rejected' && String(call.reason))).toEqual([
    'Error: disk full',
    'Error: disk full',
  ]);
  await nextTurn();
  ends[1]?.resolve();
  expect(await later).toEqual(['r3']);
});

test('a commit that throws at once or answers too little fails its calls', async () => {
  const throwing = createGroupCommit<number, number>({
    maxItems: 10,
    commit: () => {
      throw new Error('closed');
    },
  });
  await expect(throwing.add([1])).rejects.toThrow('closed');
  const short = createGroupCommit<number, number>({ maxItems: 10, commit: async () => [] });
  await expect(short.add([1])).rejects.toThrow('0 results for 1 items');
});

test('drain waits for everything that was added, also after a failure', async () => {
  const { groups, ends, commits } = startCommits(1);
  await commits.drain();
  const calls = Promise.allSettled([commits.add([1]), commits.add([2])]);
  let drained = false;
  const draining = commits.drain().then(() => (drained = true));
  await nextTurn();
  ends[0]?.reject(new Error('no'));
  await nextTurn();
  expect([groups, drained]).toEqual([[[1], [2]], false]);
  ends[1]?.resolve();
  await draining;
  await calls;
  expect(drained).toBe(true);
});

test('every call gets exactly the results of its items, in order', async () => {
  const calls = fc.array(fc.array(fc.nat(1_000), { maxLength: 6 }), { maxLength: 20 });
  await fc.assert(
    fc.asyncProperty(calls, fc.integer({ min: 1, max: 10 }), async (all, maxItems) => {
      const commits = createGroupCommit<number, number>({
        maxItems,
        commit: async (items) => items.map((item) => item * 2),
      });
      const results = await Promise.all(all.map((items) => commits.add(items)));
      expect(results).toEqual(all.map((items) => items.map((item) => item * 2)));
    }),
  );
});
