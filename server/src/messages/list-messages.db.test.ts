import { beforeEach, describe, expect, test } from 'vitest';
import {
  createInstallation,
  insertRow,
  landBatch,
  START_MS,
  type Installation,
} from '../../test/helpers/message-fixture.ts';
import { createList } from '../lists/index.ts';
import { FLAGS } from '../pipeline/flags.ts';
import { MESSAGE_STATES } from '../pipeline/message-state.ts';
import { withTransaction } from '../store/transaction.ts';
import { listMessages } from './list-messages.ts';
import type { RawMessageQuery } from './message-query.ts';

let installation: Installation;
const list = (query: RawMessageQuery = {}) => listMessages(installation.deps, installation.caller, query);
const numbersOf = async (query: RawMessageQuery) =>
  (await list(query)).messages.map((message) => installation.deps.messageIds.decode(message.id));
const texts = (count: number, to = '+13125550143') => Array.from({ length: count }, () => ({ to, body: 'Hi' }));

async function walk(query: RawMessageQuery, between: () => Promise<void> = async () => {}): Promise<number[]> {
  const seen: number[] = [];
  let cursor: string | undefined;
  do {
    const page = await list(cursor === undefined ? query : { ...query, cursor });
    seen.push(...page.messages.map((message) => installation.deps.messageIds.decode(message.id)!));
    cursor = page.pagination.next_cursor ?? undefined;
    await between();
  } while (cursor !== undefined);
  return seen;
}

beforeEach(async () => {
  installation = await createInstallation();
  return () => installation[Symbol.asyncDispose]();
});

describe('filters', () => {
  beforeEach(async () => {
    const { pool } = installation;
    const listTypes = new Map([['simulator', []]]);
    await createList(
      { ...installation.deps, listTypes },
      { accountId: installation.caller.account.id, number: '+18005552000', type: 'simulator', name: 'Two' },
    );
    await installation.directory.refresh();
    await insertRow(pool, { number: 1, state: 'delivered' });
    await insertRow(pool, { number: 2, state: 'held', listId: 2, columns: { phone: 13_125_550_143 } });
    await insertRow(pool, { number: 3, state: 'submitting', columns: { created_ms: START_MS + 10 } });
    await insertRow(pool, { number: 4, state: 'cancelled', columns: { flags: FLAGS.simulated } });
    await landBatch(pool, 10, [...texts(1), ...texts(2, '+13125550142')], { listId: 2 });
    await landBatch(pool, 20, texts(1), { dueMs: START_MS + 1 });
    await landBatch(pool, 30, texts(1), { simulated: true });
  });

  test.each<[RawMessageQuery, number[]]>([
    [{}, [3, 20, 12, 11, 10, 2, 1]],
    [{ to: '+13125550143' }, [20, 10, 2]],
    [{ list_number: '+18005552000' }, [12, 11, 10, 2]],
    [{ status: 'queued' }, [3, 20, 12, 11, 10, 2]],
    [{ state: 'queued' }, [3, 12, 11, 10]],
    [{ state: 'scheduled' }, [20]],
    [{ state: 'held', status: 'queued' }, [2]],
    [{ state: 'held', status: 'sent' }, []],
    [{ status: 'dropped' }, []],
    [{ schedule_id: '6922C3009c4de20011aa0303' }, []],
    [{ created_from: '2026-11-02T17:04:09.260Z' }, [3]],
    [{ created_to: '2026-11-02T17:04:09.260Z', to: '+13125550142' }, [12, 11, 1]],
    [{ limit: '2', to: '+13125550143' }, [20, 10]],
    [{ limit: '1000' }, [3, 20, 12, 11, 10, 2, 1]],
  ])('%j shows the right messages, newest first', async (query, expected) => {
    expect(await numbersOf(query)).toEqual(expected);
  });

  test('a row has no details of the single view', async () => {
    const [row] = (await list({ state: 'held' })).messages;
    expect(row).toMatchObject({ list_id: 2, list_number: '+18005552000', status_detail: null });
    for (const name of ['decisions', 'events', 'parts', 'links']) expect(row).not.toHaveProperty(name);
  });
});

test.each<[RawMessageQuery, string]>([
  [{ to: '123' }, 'invalid_phone'],
  [{ list_number: 'x' }, 'invalid_list_number'],
  [{ list_number: '+18005559999' }, 'list_not_found'],
  [{ status: 'held' }, 'invalid_status'],
  [{ status: '' }, 'invalid_status'],
  [{ state: 'submitting' }, 'invalid_state'],
  [{ schedule_id: '12' }, 'invalid_schedule_id'],
  [{ created_from: 'yesterday' }, 'invalid_created_from'],
  [{ created_to: '2026-13-01' }, 'invalid_created_to'],
  [{ created_from: '2026-11-02', created_to: '2026-11-02' }, 'invalid_date_range'],
  [{ limit: '0' }, 'invalid_limit'],
  [{ limit: '1.5' }, 'invalid_limit'],
  [{ cursor: '' }, 'invalid_cursor'],
  [{ cursor: 'bTEuYWJj' }, 'invalid_cursor'],
  [{ cursor: 'bad', to: '123' }, 'invalid_cursor'],
])('%j is refused with %s', async (query, code) => {
  await expect(list(query)).rejects.toMatchObject({ code });
});

test('a cursor that was changed is refused', async () => {
  await landBatch(installation.pool, 10, texts(2));
  const cursor = (await list({ limit: '1' })).pagination.next_cursor!;
  for (const bad of [`${cursor}=`, cursor.slice(1), `${cursor}A`]) {
    await expect(list({ cursor: bad })).rejects.toMatchObject({ code: 'invalid_cursor' });
  }
});

test('a first page waits for what was accepted before', async () => {
  installation.deps.landed = () => landBatch(installation.pool, 10, texts(1));
  expect(await numbersOf({})).toEqual([10]);
});

test('a walk shows every message once while messages move from batches to rows', async () => {
  const { pool } = installation;
  const batches = Array.from({ length: 12 }, (_, index) => 1_000 + index * 50);
  for (const batchId of batches) await landBatch(pool, batchId, texts(50));
  const mover = moveEverything(batches);
  let seen: number[] = [];
  try {
    seen = await walk({ limit: '7' });
  } finally {
    await mover;
  }
  const expected = Array.from({ length: 600 }, (_, index) => 1_599 - index);
  expect(seen).toEqual(expected);
  expect(await walk({ limit: '100' })).toEqual(expected);
});

/** As recording does it: a few messages from the front of a batch become rows in one transaction. */
async function moveEverything(batchIds: readonly number[]): Promise<void> {
  for (let taken = 0; taken < 50; taken += 10) {
    for (const batchId of batchIds) {
      await withTransaction(installation.pool, async (transaction) => {
        await transaction.query(
          `insert into message (list_id, number, phone, state, lane, source, flags, created_ms, updated_ms, template)
           select 1, number, 13125550143, $3, 0, 0, 0, $4, $4, 'Hi' from generate_series($1::bigint, $2::bigint) number`,
          [batchId + taken, batchId + taken + 9, MESSAGE_STATES.sent, START_MS],
        );
        await (taken === 40
          ? transaction.query('delete from outbound_batch where batch_id = $1', [batchId])
          : transaction.query('update outbound_batch set taken = $2 where batch_id = $1', [batchId, taken + 10]));
      });
    }
  }
}

test('a page reads many small batches beyond those of one look', async () => {
  for (let batchId = 0; batchId < 150; batchId++) {
    await landBatch(installation.pool, batchId, texts(1, batchId % 50 === 0 ? '+13125550142' : '+13125550143'));
  }
  expect(await numbersOf({ to: '+13125550142' })).toEqual([100, 50, 0]);
  expect(await walk({ limit: '40' })).toEqual(Array.from({ length: 150 }, (_, index) => 149 - index));
});
