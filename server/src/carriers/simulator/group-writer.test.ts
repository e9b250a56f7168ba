import { expect, it } from 'vitest';
import { createGroupWriter } from './group-writer.ts';

/** Records what happens; the first transaction lasts until `finish` is called. */
function makeWriter() {
  const happened: string[] = [];
  let finish = (): void => {};
  const first = new Promise<void>((resolve) => (finish = resolve));
  let transactions = 0;
  const writer = createGroupWriter({
    async transaction(run) {
      transactions++;
      await Promise.resolve();
      run();
      if (transactions === 1) await first;
    },
    begin: () => void happened.push('begin'),
    end: () => void happened.push('end'),
    undo: () => void happened.push('undo'),
  });
  return { writer, happened, finish };
}

it('what is asked for while a transaction is synced shares the next one', async () => {
  const { writer, happened, finish } = makeWriter();
  const first = writer.write(() => happened.push('a'));
  await new Promise(setImmediate);
  const others = ['b', 'c'].map((name) => writer.write(() => happened.push(name)));
  finish();
  await Promise.all([first, ...others]);
  expect(happened).toEqual(['begin', 'a', 'end', 'begin', 'b', 'c', 'end']);
});

it('a group fails as one, and the next one goes on', async () => {
  const { writer, happened, finish } = makeWriter();
  finish();
  const group = [
    writer.write(() => happened.push('a')),
    writer.write(() => {
      throw new Error('no room');
    }),
  ];
  expect((await Promise.allSettled(group)).map(({ status }) => status)).toEqual(['rejected', 'rejected']);
  expect(await writer.write(() => 'again')).toBe('again');
  expect(happened).toEqual(['begin', 'a', 'undo', 'begin', 'end']);
});

it('is idle when the last write has ended', async () => {
  const { writer, happened, finish } = makeWriter();
  void writer.write(() => happened.push('a'));
  setTimeout(finish, 5);
  await writer.idle();
  expect(happened).toEqual(['begin', 'a', 'end']);
});
