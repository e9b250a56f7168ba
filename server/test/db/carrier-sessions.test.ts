import { afterEach, beforeEach, expect, test } from 'vitest';
import type { CarrierReport } from '../../src/carriers/carrier.ts';
import { HOUR_MS } from '../../src/lib/clock.ts';
import { checkBooks } from '../../src/messages/index.ts';
import { endParts } from '../../src/pipeline/end-parts.ts';
import { createPipelineRig, DEMO_NUMBER, type PipelineRig } from '../helpers/pipeline-rig.ts';
import { until } from '../helpers/until.ts';

/** The simulator says nothing, and does not have the message. */
const SILENT = '+13125550154';
const FROM = '+13125550142';

let rig: PipelineRig;
beforeEach(async () => {
  rig = await createPipelineRig();
  rig.startLanding();
  rig.startApplying();
  await rig.startSending();
});
afterEach(() => rig[Symbol.asyncDispose]());

const receipt = (carrierId: string, textStart: string): CarrierReport => ({
  messageId: null,
  carrierId,
  part: null,
  state: 'delivered',
  detail: 'DELIVERED_TO_HANDSET',
  permanent: null,
  code: '000',
  atMs: null,
  about: { to: SILENT, textStart },
});

async function sendIntoDoubt(body: string): Promise<string> {
  const [id = ''] = await rig.send({ to: SILENT, body });
  await until('it is in doubt', async () => (await rig.stateOf(id)) === 'in_doubt');
  return id;
}

test('a doubt ends by a receipt with an id that nobody knows, when it can be about nothing else', async () => {
  const id = await sendIntoDoubt('Hello, Ada!');
  await rig.onEvents({ listId: 1, reports: [receipt('00AF', 'Hello, A')], inbound: [] });
  await rig.drain();
  expect(await rig.stateOf(id)).toBe('in_doubt');
  rig.advance(31_000);
  await rig.settle();
  expect(await rig.stateOf(id)).toBe('delivered');
  expect(await rig.get(id)).toMatchObject({ carrier_message_ids: ['AF'] });
  for (const books of await checkBooks(rig.pool, { recount: true })) {
    expect(books).toMatchObject({ difference: 0, miscounted: [] });
  }
});

test('a receipt that could be about two messages ends no doubt', async () => {
  const ids = [await sendIntoDoubt('Hello, Ada! One'), await sendIntoDoubt('Hello, Ada! Two')];
  await rig.onEvents({ listId: 1, reports: [receipt('1', 'Hello, Ada!')], inbound: [] });
  await rig.drain();
  rig.advance(31_000);
  await rig.settle();
  for (const id of ids) expect(await rig.stateOf(id)).toBe('in_doubt');
});

function part(number: number, total: number, text: string, key = 'udh 7'): Promise<void> {
  const inbound = { id: `in-${number}`, from: FROM, to: DEMO_NUMBER, text, atMs: rig.clock() };
  return rig.onEvents({ listId: 1, reports: [], inbound: [{ ...inbound, part: { key, total, number } }] });
}

async function texts(): Promise<string[]> {
  const { rows } = await rig.pool.query<{ body: string }>('select body from inbound_text order by body');
  return rows.map(({ body }) => body);
}

test('parts of a long text become one, in whatever order they come and however often', async () => {
  await part(3, 3, 'c');
  await part(1, 3, 'a');
  await part(1, 3, 'a');
  await rig.drain();
  expect(await texts()).toEqual([]);
  await part(2, 3, 'b');
  await rig.drain();
  expect(await texts()).toEqual(['abc']);
  expect(await rig.count('select count(*) from inbound_part')).toBe(0);
});

test('a text whose parts never all came is kept with its gaps after three days', async () => {
  await part(2, 5, 'b');
  await part(4, 5, 'd');
  await part(1, 2, 'x', 'sar 7');
  await rig.drain();
  expect(await endParts(rig, rig.clock() - 72 * HOUR_MS)).toBe(0);
  expect(await endParts(rig, rig.clock() + 1)).toBe(2);
  await rig.drain();
  expect(await texts()).toEqual(['[...]b[...]d[...]', 'x[...]']);
  expect(await rig.count('select count(*) from inbound_part')).toBe(0);
});
