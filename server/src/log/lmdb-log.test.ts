import { execFileSync } from 'node:child_process';
import { mkdtempSync, rmdirSync } from 'node:fs';
import { mkdtemp, rm, stat, writeFile } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';

import { afterEach, beforeEach, describe, expect, it, vi } from 'vitest';

import { describeLog } from './conformance.ts';
import { openLmdbLog } from './lmdb-log.ts';
import { type Log, LogFullError } from './log.ts';

async function makeDir(): Promise<string> {
  return mkdtemp(join(tmpdir(), 'trackly-log-'));
}

describeLog('lmdb', async () => {
  const dir = await makeDir();
  return {
    address: { engine: 'lmdb', dir },
    open: () => openLmdbLog({ dir }),
    [Symbol.asyncDispose]: () => rm(dir, { recursive: true }),
  };
});

describe('the room of the lmdb log', () => {
  let dir: string;
  beforeEach(async () => {
    dir = await makeDir();
  });
  afterEach(() => rm(dir, { recursive: true, force: true }));

  it('answers LogFullError at its configured size and works again after a trim', async () => {
    await using log = await openLmdbLog({ dir, maxSizeBytes: 1_000_000 });
    const kept = await appendUntilFull(log, 20_000);
    expect(kept.length).toBeGreaterThan(30);
    expect(await log.lastSeq('outbound', 0)).toBe(kept.at(-1));
    await log.append('events', 0, Buffer.alloc(20_000));
    await log.trim('outbound', 0, kept[20] ?? 0);
    const next = await log.append('outbound', 0, Buffer.from('next'));
    const read = await log.read('outbound', 0, 0, 10_000_000);
    expect(read.map(({ seq }) => seq)).toEqual([...kept.slice(21), next]);
  });

  it('refuses only the appends of a group that do not fit', async () => {
    await using log = await openLmdbLog({ dir, maxSizeBytes: 180_000 });
    const results = await Promise.allSettled(
      Array.from({ length: 20 }, () => log.append('outbound', 0, Buffer.alloc(50_000))),
    );
    const seqs = results.flatMap((result) => (result.status === 'fulfilled' ? [result.value] : []));
    expect(seqs).toEqual([1, 2, 3]);
    expect((await log.read('outbound', 0, 0, 1e9)).map(({ seq }) => seq)).toEqual(seqs);
  });

  it.skipIf(!canMount())('works again when the disk has room, without a trim', async () => {
    mountSmallDisk(dir);
    const silence = vi.spyOn(console, 'error').mockImplementation(() => {});
    try {
      await writeFile(join(dir, 'other'), Buffer.alloc(3_000_000));
      await using log = await openLmdbLog({ dir: join(dir, 'log') });
      const kept = await appendUntilFull(log, 100_000);
      await rm(join(dir, 'other'));
      const next = await vi.waitFor(() => log.append('outbound', 0, Buffer.alloc(100_000)), { timeout: 10_000 });
      expect((await log.read('outbound', 0, 0, 1e9)).map(({ seq }) => seq)).toEqual([...kept, next]);
    } finally {
      silence.mockRestore();
      execFileSync('umount', ['-l', dir]);
    }
  });

  it('uses the room of trimmed entries again', async () => {
    await using log = await openLmdbLog({ dir });
    const value = Buffer.alloc(100_000, 'x');
    for (let round = 0; round < 60; round++) {
      const seqs = await Promise.all(Array.from({ length: 10 }, () => log.append('outbound', 0, value)));
      await log.trim('outbound', 0, Math.max(...seqs));
    }
    expect((await stat(join(dir, 'data.mdb'))).size).toBeLessThan(10_000_000);
  });

  it.skipIf(!canMount()).each([300, 5_000, 240_000])('survives a full disk with values of %d bytes', async (size) => {
    mountSmallDisk(dir);
    const silence = vi.spyOn(console, 'error').mockImplementation(() => {});
    try {
      await using log = await openLmdbLog({ dir: join(dir, 'log') });
      const kept = await appendUntilFull(log, size);
      expect((await log.read('outbound', 0, 0, 1e9)).map(({ seq }) => seq)).toEqual(kept);
      await expect(log.append('outbound', 0, Buffer.alloc(size))).rejects.toThrow(LogFullError);
      await log.trim('outbound', 0, kept.at(-2) ?? 0);
      const next = await log.append('outbound', 0, Buffer.alloc(size));
      expect((await log.read('outbound', 0, 0, 1e9)).map(({ seq }) => seq)).toEqual([kept.at(-1), next]);
    } finally {
      silence.mockRestore();
      execFileSync('umount', ['-l', dir]);
    }
  });
});

/** Appends groups of four until the log is full; returns the positions that were acknowledged. */
async function appendUntilFull(log: Log, sizeBytes: number): Promise<number[]> {
  const seqs: number[] = [];
  for (;;) {
    const group = Array.from({ length: 4 }, () => log.append('outbound', 0, Buffer.alloc(sizeBytes, 'x')));
    const results = await Promise.allSettled(group);
    seqs.push(...results.flatMap((result) => (result.status === 'fulfilled' ? [result.value] : [])));
    const refused = results.find((result) => result.status === 'rejected');
    if (refused === undefined) continue;
    expect(refused.reason).toBeInstanceOf(LogFullError);
    return seqs;
  }
}

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
