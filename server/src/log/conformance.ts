import { type ChildProcess, spawn } from 'node:child_process';
import { once } from 'node:events';
import { dirname } from 'node:path';
import { createInterface } from 'node:readline';
import { fileURLToPath } from 'node:url';

import { array, assert, asyncProperty, oneof, uint8Array } from 'fast-check';
import { afterEach, beforeEach, describe, expect, it } from 'vitest';

import { isWhole, type LogAddress, makeChecked } from './conformance-child.ts';
import { type Log, type LogEntry, LogUnavailableError } from './log.ts';

/** One fresh store for a log. */
export interface LogFixture {
  readonly address: LogAddress;
  /** Opens the log on this store; the suite disposes it. */
  open(): Promise<Log>;
  [Symbol.asyncDispose](): Promise<void>;
}

const ALL_BYTES = 1e9;
const CHILD = fileURLToPath(new URL('./conformance-child.ts', import.meta.url));

/** What every log must do. Run it from the test file of each implementation. */
export function describeLog(name: string, createFixture: () => Promise<LogFixture>): void {
  describe(`${name} as a log`, () => {
    let fixture: LogFixture;
    let log: Log;
    let last: number;

    beforeEach(async () => {
      fixture = await createFixture();
      log = await fixture.open();
      last = log.partitions - 1;
    });
    afterEach(async () => {
      await log[Symbol.asyncDispose]();
      await fixture[Symbol.asyncDispose]();
    });

    async function reopen(): Promise<void> {
      await log[Symbol.asyncDispose]();
      log = await fixture.open();
    }

    it('has no entries and no last position at first', async () => {
      expect(await log.read('outbound', last, 0, ALL_BYTES)).toEqual([]);
      expect(await log.lastSeq('outbound', last)).toBe(0);
      await log.trim('outbound', last, 10);
    });

    it('keeps its identity and its entries when it is opened again', async () => {
      const { id } = log;
      await appendTexts(log, ['a', 'b']);
      await reopen();
      expect(log.id).toBe(id);
      expect(texts(await log.read('outbound', last, 0, ALL_BYTES))).toEqual(['a', 'b']);
    });

    it('reads the entries of a partition in the order of their positions under 200 concurrent appends', async () => {
      const acknowledged: number[] = [];
      const appends = Array.from({ length: 200 }, async (_, index) => {
        const seq = await log.append('outbound', last, Buffer.from(`${index}`));
        acknowledged.push(seq);
        return { seq, text: `${index}` };
      });
      const expected = (await Promise.all(appends)).sort((a, b) => a.seq - b.seq);
      const entries = await readAll(log);
      expect(entries.map(({ seq, value }) => ({ seq, text: textOf(value) }))).toEqual(expected);
      expect(acknowledged).toEqual([...acknowledged].sort((a, b) => a - b));
      expect(entries[0]?.seq).toBeGreaterThanOrEqual(1);
      expect(await log.lastSeq('outbound', last)).toBe(entries.at(-1)?.seq);
    });

    it('reads the same again from an older position', async () => {
      const seqs = await appendTexts(log, ['a', 'b', 'c']);
      const first = await log.read('outbound', last, 0, ALL_BYTES);
      expect(await log.read('outbound', last, 0, ALL_BYTES)).toEqual(first);
      expect(texts(await log.read('outbound', last, seqs[0] ?? 0, ALL_BYTES))).toEqual(['b', 'c']);
      expect(await log.read('outbound', last, seqs[2] ?? 0, ALL_BYTES)).toEqual([]);
    });

    it('reads up to maxBytes, and one entry when that alone is larger', async () => {
      await appendTexts(log, ['aaaa', 'bbbb', 'cccc']);
      expect(texts(await log.read('outbound', last, 0, 8))).toEqual(['aaaa', 'bbbb']);
      expect(texts(await log.read('outbound', last, 0, 7))).toEqual(['aaaa']);
      expect(texts(await log.read('outbound', last, 0, 1))).toEqual(['aaaa']);
    });

    it('keeps topics and partitions apart', async () => {
      await log.append('outbound', last, Buffer.from('send'));
      await log.append('events', last, Buffer.from('receipt'));
      expect(texts(await log.read('outbound', last, 0, ALL_BYTES))).toEqual(['send']);
      await log.trim('outbound', last, await log.lastSeq('outbound', last));
      expect(texts(await log.read('events', last, 0, ALL_BYTES))).toEqual(['receipt']);
      for (let other = 0; other < last; other++) {
        expect(await log.read('events', other, 0, ALL_BYTES)).toEqual([]);
      }
      await expect(log.append('events', log.partitions, Buffer.from('x'))).rejects.toThrow(RangeError);
    });

    it('forgets what was trimmed, as often as it is told, and never uses a position again', async () => {
      const seqs = await appendTexts(log, ['a', 'b', 'c']);
      const [first = 0, , third = 0] = seqs;
      await log.trim('outbound', last, first);
      await log.trim('outbound', last, first);
      expect(texts(await log.read('outbound', last, 0, ALL_BYTES))).toEqual(['b', 'c']);
      await log.trim('outbound', last, third);
      expect(await log.lastSeq('outbound', last)).toBe(third);
      await reopen();
      expect(await log.lastSeq('outbound', last)).toBe(third);
      expect(await log.append('outbound', last, Buffer.from('d'))).toBeGreaterThan(third);
      expect(texts(await log.read('outbound', last, 0, ALL_BYTES))).toEqual(['d']);
    });

    it('wakes a waiting reader when an entry comes', async () => {
      const waiting = log.waitForEntries('outbound', last, 0, AbortSignal.timeout(10_000));
      const seq = await log.append('outbound', last, Buffer.from('a'));
      await waiting;
      await log.waitForEntries('outbound', last, seq - 1, AbortSignal.timeout(10_000));
      expect(texts(await log.read('outbound', last, 0, ALL_BYTES))).toEqual(['a']);
    });

    it('does not wake a reader of another topic or of older entries, and lets it go on abort', async () => {
      const seq = await log.append('outbound', last, Buffer.from('a'));
      const abort = new AbortController();
      let released = 0;
      const waiting = [
        log.waitForEntries('events', last, 0, abort.signal),
        log.waitForEntries('outbound', last, seq, abort.signal),
      ];
      const counted = waiting.map((wait) => wait.then(() => (released += 1)));
      await log.append('outbound', last, Buffer.from('b'));
      await counted[1];
      expect(released).toBe(1);
      abort.abort();
      await Promise.all(counted);
      await log.waitForEntries('events', last, 0, AbortSignal.abort());
    });

    it('settles appends in flight when it is disposed and keeps the acknowledged ones', async () => {
      const appends = Array.from({ length: 50 }, (_, index) => log.append('outbound', last, Buffer.from(`${index}`)));
      const waiting = log.waitForEntries('events', last, 0, AbortSignal.timeout(10_000)).catch(() => {});
      const [results] = await Promise.all([Promise.allSettled(appends), log[Symbol.asyncDispose]()]);
      await waiting;
      await expect(log.append('outbound', last, Buffer.from('late'))).rejects.toThrow(LogUnavailableError);
      log = await fixture.open();
      const kept = new Set((await readAll(log)).map(({ seq }) => seq));
      const acknowledged = results.filter((result) => result.status === 'fulfilled').map(({ value }) => value);
      expect(acknowledged.filter((seq) => !kept.has(seq))).toEqual([]);
    });

    it('takes empty values and values of 8 MiB, and refuses larger ones', async () => {
      const large = makeChecked(Buffer.alloc(8 * 1024 * 1024 - 32, 'x'));
      await Promise.all([log.append('outbound', last, new Uint8Array()), log.append('outbound', last, large)]);
      const [empty, whole] = await log.read('outbound', last, 0, ALL_BYTES);
      expect(empty?.value.length).toBe(0);
      expect(large.equals(whole?.value ?? Buffer.alloc(0))).toBe(true);
      await expect(log.append('outbound', last, Buffer.alloc(large.length + 1))).rejects.toThrow(RangeError);
    });

    it('gives back any interleaving of appends byte for byte and in order', async () => {
      const value = oneof(uint8Array({ maxLength: 40 }), uint8Array({ minLength: 1_900, maxLength: 6_000 }));
      const groups = array(array(value, { maxLength: 12 }), { minLength: 1, maxLength: 5 });
      await assert(
        asyncProperty(groups, async (groups) => {
          const start = await log.lastSeq('outbound', last);
          const appended = await appendGroups(log, groups);
          expect(await readAll(log, start)).toEqual(appended);
        }),
        { numRuns: 30 },
      );
    });

    it('keeps every acknowledged value, whole and once, when the appending process is killed', async () => {
      const acknowledged = new Map<number, string>();
      for (let round = 0; round < 4; round++) {
        for (const [seq, digest] of await appendUntilKilled(fixture.address)) acknowledged.set(seq, digest);
        await reopen();
        const entries = await readAll(log);
        expect(entries.every(({ value }) => isWhole(value))).toBe(true);
        const kept = new Map(entries.map(({ seq, value }) => [seq, digestOf(value)]));
        for (const [seq, digest] of acknowledged) expect(kept.get(seq)).toBe(digest);
        expect(await log.lastSeq('outbound', last)).toBe(entries.at(-1)?.seq);
      }
    }, 60_000);

    it('orders the appends of two processes and wakes the reader of the other one', async () => {
      const child = startChild(fixture.address, 400);
      const theirs = collectPrinted(child);
      await log.waitForEntries('outbound', last, 0, AbortSignal.timeout(30_000));
      const ours: number[] = [];
      while (child.exitCode === null) ours.push(await log.append('outbound', last, makeChecked(Buffer.from('ours'))));
      const all = [...ours, ...(await theirs).keys()];
      expect(new Set(all).size).toBe(all.length);
      expect(all.length).toBe(400 + ours.length);
      expect((await readAll(log)).map(({ seq }) => seq)).toEqual(all.sort((a, b) => a - b));
    }, 60_000);
  });
}

function textOf(value: Uint8Array): string {
  return Buffer.from(value).toString();
}

function texts(entries: readonly LogEntry[]): string[] {
  return entries.map(({ value }) => textOf(value));
}

function digestOf(value: Uint8Array): string {
  return Buffer.from(value.subarray(0, 32)).toString('hex');
}

async function appendTexts(log: Log, values: readonly string[]): Promise<number[]> {
  return Promise.all(values.map((value) => log.append('outbound', log.partitions - 1, Buffer.from(value))));
}

/** Appends group after group, the values of one at the same time; returns what must be read. */
async function appendGroups(log: Log, groups: readonly Uint8Array[][]): Promise<LogEntry[]> {
  const appended: LogEntry[] = [];
  for (const group of groups) {
    const seqs = await Promise.all(group.map((value) => log.append('outbound', log.partitions - 1, value)));
    for (const [index, seq] of seqs.entries()) appended.push({ seq, value: Buffer.from(group[index] ?? []) });
  }
  return appended;
}

async function readAll(log: Log, afterSeq = 0): Promise<LogEntry[]> {
  const all: LogEntry[] = [];
  for (;;) {
    const next = await log.read('outbound', log.partitions - 1, all.at(-1)?.seq ?? afterSeq, 100_000);
    if (next.length === 0) return all;
    all.push(...next);
  }
}

function startChild(address: LogAddress, count: number): ChildProcess {
  const args = ['--import', 'tsx', CHILD, JSON.stringify(address), String(count)];
  return spawn(process.execPath, args, { cwd: dirname(CHILD), stdio: ['ignore', 'pipe', 'inherit'] });
}

/** Kills a process that appends after a random number of acknowledged appends; returns seq → digest of those. */
async function appendUntilKilled(address: LogAddress): Promise<Map<number, string>> {
  const child = startChild(address, 1_000_000);
  return collectPrinted(child, 20 + Math.floor(Math.random() * 300));
}

async function collectPrinted(child: ChildProcess, killAfter = Infinity): Promise<Map<number, string>> {
  const printed = new Map<number, string>();
  const closed = once(child, 'close');
  if (child.stdout === null) throw new Error('The child has no output');
  for await (const line of createInterface(child.stdout)) {
    const [seq, digest = ''] = line.split(' ');
    if (digest.length === 64) printed.set(Number(seq), digest);
    if (printed.size >= killAfter) child.kill('SIGKILL');
  }
  await closed;
  return printed;
}
