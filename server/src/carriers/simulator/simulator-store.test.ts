import { execFileSync } from 'node:child_process';
import { mkdtempSync, rmdirSync } from 'node:fs';
import { rm, writeFile } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { expect, it, vi } from 'vitest';
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

it('counts repeats of messages that were kept before, and after a restart', async () => {
  const folder = mkdtempSync(join(tmpdir(), 'trackly-simulator-'));
  {
    await using store = openSimulatorStore(folder);
    const many = Array.from({ length: 200 }, (_, n) => newSubmit(`C${String(n).padStart(7, '0')}`));
    await store.recordSubmits(many, NOW_MS, 1);
    await store.recordSubmits(many.slice(100, 102), NOW_MS + 1, 1);
    await store.recordSubmits(many.slice(101, 102), NOW_MS + 2, 1);
  }
  await using store = openSimulatorStore(folder);
  expect(store.ledger(3, 99)).toMatchObject([
    { seq: 100, count: 1 },
    { seq: 101, count: 2, lastAtMs: NOW_MS + 1 },
    { seq: 102, count: 3, lastAtMs: NOW_MS + 2, firstAtMs: NOW_MS },
  ]);
  expect(store.totals()).toEqual({ submits: 203, messages: 200, doubles: 2 });
});

it('handsets whose newest message is not in the index yet come first', async () => {
  await using store = openStore();
  const rows = Array.from({ length: 10_000 }, (_, n) => newSubmit(`D${n}`, { to: `+1312555${1_000 + (n % 100)}` }));
  await store.recordSubmits(rows, NOW_MS, 1);
  await store.recordSubmits([newSubmit('DX', { to: '+13125551007' })], NOW_MS, 1);
  expect(store.handsets(3, null)).toMatchObject([
    { phone: '+13125551007', messages: 101 },
    { phone: '+13125551099', messages: 100 },
    { phone: '+13125551098', messages: 100 },
  ]);
  expect(store.handsets(200, null)).toHaveLength(100);
  expect(store.handsets(200, 9_910).map(({ lastSeq }) => lastSeq)).toEqual([
    9_909, 9_907, 9_906, 9_905, 9_904, 9_903, 9_902, 9_901,
  ]);
});

it.skipIf(!canMount())('takes nothing that a full disk did not keep, and goes on when there is room', async () => {
  const folder = mkdtempSync(join(tmpdir(), 'trackly-simulator-'));
  mountSmallDisk(folder);
  const silence = vi.spyOn(console, 'error').mockImplementation(() => {});
  try {
    await writeFile(join(folder, 'other'), Buffer.alloc(3_000_000));
    await using store = openSimulatorStore(join(folder, 'store'));
    const kept: string[] = [];
    const batchOf = (n: number): NewSubmit[] =>
      Array.from({ length: 500 }, (_, i) => newSubmit(`E${n}-${i}`, { to: `+1312${5_550_000 + i}` }));
    for (let n = 0; ; n++) {
      const batch = batchOf(n);
      const recorded = await store.recordSubmits(batch, NOW_MS, 1).catch(() => null);
      if (recorded === null) break;
      kept.push(...batch.map(({ messageId }) => messageId));
    }
    expect(kept.length).toBeGreaterThan(1_000);
    expect(store.ledger(1e6, 0).map(({ messageId }) => messageId)).toEqual(kept);
    expect(store.totals()).toEqual({ submits: kept.length, messages: kept.length, doubles: 0 });
    await rm(join(folder, 'other'));
    const [recorded] = await store.recordSubmits([newSubmit('EX')], NOW_MS, 1);
    expect(recorded).toMatchObject({ repeated: false, message: { seq: kept.length + 1 } });
  } finally {
    silence.mockRestore();
    execFileSync('umount', ['-l', folder]);
  }
});

function mountSmallDisk(dir: string): void {
  execFileSync('mount', ['-t', 'tmpfs', '-o', 'size=6m', 'tmpfs', dir], { stdio: 'ignore' });
}

/** Only root may mount a small file system to fill, and not in every container: the test is skipped where it cannot. */
function canMount(): boolean {
  const dir = mkdtempSync(join(tmpdir(), 'trackly-mount-'));
  try {
    mountSmallDisk(dir);
    execFileSync('umount', [dir]);
    return true;
  } catch {
    return false;
  } finally {
    rmdirSync(dir);
  }
}
