import { spawn } from 'node:child_process';
import { once } from 'node:events';
import { mkdtempSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { fileURLToPath } from 'node:url';
import { expect, it, vi } from 'vitest';
import { createSimulatorCarrier } from './simulator-carrier.ts';
import { openSimulatorStore } from './simulator-store.ts';

const CHILD = fileURLToPath(new URL('simulator-crash-child.ts', import.meta.url));

/** Runs the child until it answered `count` submits, kills it, and returns the ids of all it answered. */
async function killAfter(folder: string, count: number): Promise<string[]> {
  const child = spawn(process.execPath, ['--import', 'tsx', CHILD, folder], { stdio: ['ignore', 'pipe', 'inherit'] });
  let text = '';
  child.stdout.on('data', (chunk: Buffer) => {
    text += chunk.toString();
    if (text.length > count * 9) child.kill('SIGKILL');
  });
  await once(child, 'close');
  return text.slice(0, text.lastIndexOf('\n')).split('\n');
}

it('a killed process loses no answered submit and no receipt that was due', async () => {
  const folder = mkdtempSync(join(tmpdir(), 'trackly-simulator-'));
  const answered = await killAfter(folder, 2_000);
  expect(answered.length).toBeGreaterThan(1_000);

  await using store = openSimulatorStore(folder);
  const ledger = new Map(store.ledger(1_000_000, 0).map((row) => [row.messageId, row]));
  const notKept = answered.filter((id) => ledger.get(id)?.count !== 1 || ledger.get(id)?.taken !== true);
  expect(notKept).toEqual([]);
  expect(store.totals()).toEqual({ submits: ledger.size, messages: ledger.size, doubles: 0 });

  const told = new Set<string>();
  await using carrier = createSimulatorCarrier({
    store,
    clock: Date.now,
    onEvents({ listId, reports }) {
      for (const { messageId } of reports) told.add(`${listId}:${messageId}`);
      return Promise.resolve();
    },
  });
  expect(carrier.type).toBe('simulator');
  await vi.waitFor(() => expect(store.earliestDueMs()).toBeNull(), { timeout: 10_000 });
  expect(told).toEqual(new Set([...ledger.keys()].map((id) => `7:${id}`)));
  rmSync(folder, { recursive: true });
}, 30_000);
