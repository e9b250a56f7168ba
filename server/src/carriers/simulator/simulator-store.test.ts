import { mkdtempSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { expect, it } from 'vitest';
import { openSimulatorStore, type NewSubmit, type SimulatorStore } from './simulator-store.ts';

const NOW_MS = 1_793_638_449_000;

function openStore(): SimulatorStore {
  return openSimulatorStore(mkdtempSync(join(tmpdir(), 'trackly-simulator-')));
}

function newSubmit(messageId: string, changes: Partial<NewSubmit> = {}): NewSubmit {
  return {
    messageId,
    listId: 1,
    profile: 'instant',
    from: '+18005551000',
    to: '+13125550142',
    body: 'Hello!',
    encoding: 'GSM-7',
    parts: 1,
    taken: true,
    gate: null,
    dueAtMs: [NOW_MS + 300],
    ...changes,
  };
}

it('finds a message by the id of any of its parts, and by no other', async () => {
  await using store = openStore();
  await store.recordSubmits(
    [
      newSubmit('AAAAAAA1', { parts: 3 }),
      newSubmit('AAAAAAA2', { taken: false, dueAtMs: [] }),
      newSubmit('AAAAAAA3', { parts: 2 }),
    ],
    NOW_MS,
    1,
  );
  const found = [1_000_000_000, 1, 2, 3, 4, 5, 6].map(
    (id) => store.messageByCarrierId(String(id < 10 ? 1_000_000_000 + id : id))?.messageId,
  );
  expect(found).toEqual([undefined, 'AAAAAAA1', 'AAAAAAA1', 'AAAAAAA1', 'AAAAAAA3', 'AAAAAAA3', undefined]);
  expect(store.messageByCarrierId('not a number')).toBeUndefined();
});

it('lists handsets newest first, each once, page by page', async () => {
  await using store = openStore();
  const submits = ['1', '2', '3', '1'].map((last, n) => newSubmit(`AAAAAAA${n}`, { to: `+1312555014${last}` }));
  await store.recordSubmits(submits, NOW_MS, 1);
  const first = store.handsets(2, null);
  expect(first.map(({ phone, messages }) => [phone, messages])).toEqual([
    ['+13125550141', 2],
    ['+13125550143', 1],
  ]);
  expect(store.handsets(2, first[1]!.lastSeq).map(({ phone }) => phone)).toEqual(['+13125550142']);
});

it('puts all that is due at one moment into one group', async () => {
  await using store = openStore();
  await store.recordSubmits([newSubmit('AAAAAAA1'), newSubmit('AAAAAAA2')], NOW_MS, 1);
  expect(store.dueGroups(NOW_MS + 299, 10)).toEqual([]);
  const [group] = store.dueGroups(NOW_MS + 300, 10);
  expect(group).toMatchObject({ listId: 1, atMs: NOW_MS + 300, entries: [{ seq: 1 }, { seq: 2 }] });
});

it('keeps the time of a receipt that is put off', async () => {
  await using store = openStore();
  await store.recordSubmits([newSubmit('AAAAAAA1')], NOW_MS, 1);
  await store.postponeGroups(store.dueGroups(NOW_MS + 300, 10), NOW_MS + 5_000);
  expect(store.earliestDueMs()).toBe(NOW_MS + 5_000);
  expect(store.dueGroups(NOW_MS + 5_000, 10)).toMatchObject([{ atMs: NOW_MS + 300 }]);
});

it('forgets everything on clear but never gives an id twice', async () => {
  await using store = openStore();
  await store.recordSubmits([newSubmit('AAAAAAA1')], NOW_MS, 1);
  await store.clear();
  expect(store.totals()).toEqual({ submits: 0, messages: 0, doubles: 0 });
  expect([store.handsets(10, null), store.ledger(10, 0), store.earliestDueMs()]).toEqual([[], [], null]);
  const [recorded] = await store.recordSubmits([newSubmit('AAAAAAA1')], NOW_MS, 1);
  expect(recorded).toMatchObject({ repeated: false, message: { seq: 2, firstCarrierId: 1_000_000_002 } });
});

it('counts a repeat inside one batch', async () => {
  await using store = openStore();
  await store.recordSubmits([newSubmit('AAAAAAA1'), newSubmit('AAAAAAA1')], NOW_MS, 1);
  expect(store.ledger(10, 0)).toMatchObject([{ messageId: 'AAAAAAA1', count: 2 }]);
  expect(store.totals()).toEqual({ submits: 2, messages: 1, doubles: 1 });
});

it('finds everything again when it is opened, whether its index entries were written or not', async () => {
  const folder = mkdtempSync(join(tmpdir(), 'trackly-simulator-'));
  const idOf = (n: number) => `B${String(n).padStart(7, '0')}`;
  const phoneOf = (n: number) => `+1312${5_000_000 + (n % 9_000)}`;
  {
    await using store = openSimulatorStore(folder);
    for (let start = 0; start < 12_000; start += 4_000) {
      const rows = Array.from({ length: 4_000 }, (_, n) => start + n);
      await store.recordSubmits(
        rows.map((n) => newSubmit(idOf(n), { to: phoneOf(n) })),
        NOW_MS,
        1,
      );
    }
    await store.recordSubmits([newSubmit(idOf(12_000), { to: phoneOf(0) })], NOW_MS, 1);
  }
  await using store = openSimulatorStore(folder);
  const found = Array.from({ length: 12_001 }, (_, n) => store.messageByOwnId(idOf(n))?.seq);
  expect(found).toEqual(Array.from({ length: 12_001 }, (_, n) => n + 1));
  expect(store.conversation(phoneOf(0), 10, null).map(({ messageId }) => messageId)).toEqual(
    [12_000, 9_000, 0].map(idOf),
  );
  expect(store.handsets(1, null)).toMatchObject([{ phone: phoneOf(0), messages: 3, lastSeq: 12_001 }]);
  expect(store.handsets(20_000, null)).toHaveLength(9_000);
});
