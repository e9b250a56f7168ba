import { afterEach, beforeEach, expect, test } from 'vitest';
import { listReplies } from '../../src/inbound/index.ts';
import { closeHealthy, createPipelineRig, DEMO_NUMBER, type PipelineRig } from '../helpers/pipeline-rig.ts';

const PHONE = '+13125550142';
let rig: PipelineRig;
beforeEach(async () => {
  rig = await createPipelineRig();
});
afterEach(() => closeHealthy(rig));

async function write(texts: readonly { text: string; from?: string; atMs?: number }[], listId = 1): Promise<void> {
  const inbound = texts.map(({ text, from = PHONE, atMs = rig.clock() }, index) => {
    return { id: `${text} ${from} ${index} ${listId}`, from, to: DEMO_NUMBER, text, atMs };
  });
  await rig.onEvents({ listId, reports: [], inbound });
  await rig.drain();
}

const list = (query: Readonly<Record<string, string>> = {}, caller = rig.caller) =>
  listReplies({ ...rig, messageIds: rig.ids }, caller, query);

test('every text is listed, newest first, with what it was taken for', async () => {
  const [id = ''] = await rig.send({ to: PHONE, body: 'Hello' });
  await rig.drain();
  const nowMs = rig.clock();
  await write([
    { text: 'When do you open?', atMs: nowMs - 3 },
    { text: '👍', atMs: nowMs - 2 },
    { text: 'this is spam', atMs: nowMs - 1 },
  ]);
  const { replies, pagination } = await list();
  expect(pagination).toEqual({ limit: 50, next_cursor: null });
  expect(replies.map((reply) => [reply.body, reply.class, reply.rule, reply.label])).toEqual([
    ['this is spam', 'abuse', 'abuse spam', 'spam'],
    ['👍', 'reaction', 'reaction no words', null],
    ['When do you open?', 'reply', null, null],
  ]);
  expect(replies[2]).toEqual({
    body: 'When do you open?',
    class: 'reply',
    rule: null,
    label: null,
    id: expect.stringMatching(/^[0-9a-f]{24}$/),
    phone_number: PHONE,
    list_id: 1,
    list_number: DEMO_NUMBER,
    in_reply_to: id,
    received_at: new Date(nowMs - 3).toISOString(),
  });
});

test('filters and pages: every text is on one page, over several lists', async () => {
  const other = await rig.addList('+18445550199');
  const foreign = await rig.addAccount('Other');
  const theirs = await rig.addList('+18445550299', foreign.account.id);
  const fromMs = rig.clock() - 60_000;
  for (const [listId, count] of [
    [1, 7],
    [other, 6],
    [theirs, 2],
  ] as const) {
    await write(
      Array.from({ length: count }, (_, n) => ({
        text: n % 2 === 0 ? 'stop' : `Hi ${n}`,
        from: `+1312555010${n}`,
        atMs: fromMs + Math.floor(n / 2) * 1_000,
      })),
      listId,
    );
  }
  const seen: string[] = [];
  for (let cursor: string | null = ''; cursor !== null;) {
    const page = await list({ limit: '4', ...(cursor === '' ? {} : { cursor }) });
    seen.push(...page.replies.map((reply) => reply.id));
    cursor = page.pagination.next_cursor;
  }
  expect([seen.length, new Set(seen).size]).toEqual([13, 13]);
  expect((await list({ class: 'opt_out' })).replies).toHaveLength(7);
  expect((await list({ list_number: '+18445550199' })).replies).toHaveLength(6);
  expect((await list({ phone_number: '+13125550100' })).replies).toHaveLength(2);
  const range = {
    created_from: new Date(fromMs + 1_000).toISOString(),
    created_to: new Date(fromMs + 2_000).toISOString(),
  };
  expect((await list(range)).replies).toHaveLength(4);
  expect((await list({}, foreign)).replies).toHaveLength(2);
});

test.each([
  ['reply', 'When do you open?'],
  ['reaction', '👍'],
  ['opt_out', 'stop'],
  ['abuse', 'this is spam'],
  ['help', 'help'],
  ['start', 'start'],
  ['join', 'pets'],
])('the class %s is found by its name', async (kind, text) => {
  await rig.setListSettings(1, { join_keywords: ['pets'] });
  await write([{ text }, { text: kind === 'reply' ? 'stop' : 'Hello' }]);
  expect((await list({ class: kind })).replies.map((reply) => [reply.class, reply.body])).toEqual([[kind, text]]);
});

test.each([
  ['invalid_limit', { limit: '0' }],
  ['invalid_limit', { limit: 'x' }],
  ['invalid_cursor', { cursor: 'x' }],
  ['invalid_cursor', { cursor: Buffer.from('r1.5.abc').toString('base64url') }],
  ['invalid_phone', { phone_number: '312' }],
  ['invalid_list_number', { list_number: 'pets' }],
  ['invalid_class', { class: 'text' }],
  ['invalid_created_from', { created_from: 'x' }],
  ['invalid_created_to', { created_to: 'x' }],
  ['invalid_date_range', { created_from: '2026-11-02', created_to: '2026-11-01' }],
  ['list_not_found', { list_number: '+18445550999' }],
])('%s', async (code, query) => {
  await expect(list(query)).rejects.toMatchObject({ code });
});
