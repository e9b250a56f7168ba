import { SmppServer } from '@trackly/smpp';
import { expect, test, vi } from 'vitest';
import { testList } from '../../test/helpers/http-fixture.ts';
import type { List } from '../accounts/index.ts';
import { createHttpCarriers, createHttpRoads, createSmppCarrier } from '../carriers/index.ts';
import { createConnections } from './connections.ts';
import { startOpenKeeper } from './keep-open.ts';

const onArrived = (): Promise<void> => Promise.resolve();

test('sessions are there for each list that is ours, follow its credentials, and end when it is another process’s', async () => {
  await using smsc = new SmppServer({ onBind: () => ({}) });
  const access = { host: '127.0.0.1', port: await smsc.listen(), password: 'secret' };
  const bound = (): string[] => [...smsc.sessions].flatMap(({ mode, systemId }) => (mode ? [systemId] : [])).toSorted();
  const list = (id: number, system_id: string, change: Partial<List> = {}): List =>
    testList({ id, type: 'smpp', credentials: { ...access, system_id }, ...change });
  let lists = [list(1, 'one'), list(2, 'two', { status: 'paused' }), list(3, 'three'), testList({ id: 4 })];
  const ours = new Set([1, 2, 4]);
  await using connections = createConnections([
    createSmppCarrier({ clock: Date.now, onArrived }),
    ...createHttpCarriers({ roads: createHttpRoads(), publicUrl: '' }),
  ]);
  const directory = { lists: () => lists, list: (id: number) => lists.find((each) => each.id === id) };
  const errors: unknown[] = [];
  await using _ = startOpenKeeper({
    directory,
    connections,
    owns: (id) => ours.has(id),
    onError: (error) => errors.push(error),
  });
  await vi.waitUntil(() => bound().join() === 'one,two');
  expect(connections.openLists()).toEqual([1, 2]);

  lists = [list(1, 'another'), list(2, 'two', { status: 'paused' }), list(3, 'three')];
  await vi.waitUntil(() => bound().join() === 'another,two', { timeout: 3_000 });

  ours.delete(1);
  ours.add(3);
  await vi.waitUntil(() => bound().join() === 'three,two', { timeout: 3_000 });
  expect(errors).toEqual([]);
});
