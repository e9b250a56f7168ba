import * as fc from 'fast-check';
import { afterEach, beforeEach, expect, test } from 'vitest';
import { createHttpCarriers, createHttpRoads } from '../../src/carriers/index.ts';
import { AppError } from '../../src/lib/errors.ts';
import { createCallbackReceiver } from '../../src/pipeline/index.ts';
import { insertStrayText } from '../../src/store/stray-text-store.ts';
import { testList } from '../helpers/http-fixture.ts';
import { closeHealthy, createPipelineRig, DEMO_NUMBER, type PipelineRig } from '../helpers/pipeline-rig.ts';

const SECRET = 'a-secret-of-the-path';
const RUNS = 150;

let rig: PipelineRig;
beforeEach(async () => {
  rig = await createPipelineRig();
});
afterEach(() => closeHealthy(rig));

const rules = { id: 'id', from: 'from', to: 'to', text: 'text', at: 'at' };
const receipt = { items: 'receipts', carrier_id: 'id', state: 'state', states: { ok: 'delivered' }, code: 'code' };
const credentials = { base_url: 'https://x', callback_secret: SECRET, inbound: rules, receipt };

/** Takes calls as the server does, all for the demo list. */
function receiver() {
  const lists = ['infobip', 'cm', 'http'].map((type) => testList({ number: DEMO_NUMBER, type, credentials }));
  return createCallbackReceiver({
    directory: { account: () => rig.caller.account, listsOf: () => lists },
    carriers: createHttpCarriers({ roads: createHttpRoads(), publicUrl: 'https://sms.example' }),
    allowUnsigned: false,
    onEvents: rig.onEvents,
    keepUnreadable: async () => {},
    keepStray: (text) => insertStrayText(rig.pool, text, rig.clock()),
    onError: (error) => rig.errors.push(error),
  });
}

/** What a field of a call may hold where a text is expected. */
const odd = fc.oneof(
  fc.string({ unit: 'binary', maxLength: 40 }),
  fc.constantFrom('\u0000', 'a\u0000b', '\ud800', '', '0', '-1', 'NaN', '{}', "'; drop table message;--"),
  fc.constantFrom('x', '\u00e9', '😀').map((sign) => sign.repeat(3_000)),
  fc.constantFrom<unknown>(null, 0, -1, 1e300, 1.5, true, [], {}, ['a']),
);
const oddTime = fc.oneof(
  odd,
  fc.constantFrom('2026-11-02T17:04:09Z', '+275760-09-13T00:00:00Z', '0001-01-01T00:00:00Z'),
);

/** The same id twice would be the same text. */
function ownOf(id: unknown, person: number): unknown {
  if (typeof id === 'string') return `${id}${person}`;
  return typeof id === 'object' ? id : `${JSON.stringify(id)}${person}`;
}

/** Every call is of another person, who writes STOP. */
const toCall: Readonly<Record<string, (from: string, id: unknown, at: unknown) => unknown>> = {
  infobip: (from, messageId, receivedAt) => ({
    results: [
      { messageId, from, to: DEMO_NUMBER, text: 'STOP', receivedAt, callbackData: messageId },
      { messageId, to: from, status: { groupName: 'DELIVERED', name: messageId }, doneAt: receivedAt },
    ],
  }),
  cm: (number, reference, timeUtc) => ({
    reference,
    from: { number },
    to: { number: DEMO_NUMBER },
    message: { text: 'STOP', custom: reference },
    timeUtc,
  }),
  http: (from, id, at) => ({ id, from, to: DEMO_NUMBER, text: 'STOP', at }),
};

test.each(Object.keys(toCall))(
  'what a call of %s holds beside a STOP never keeps it from its effect',
  async (carrier) => {
    const callbacks = receiver();
    let person = 0;
    const wrote: string[] = [];
    await fc.assert(
      fc.asyncProperty(odd, oddTime, async (id, at) => {
        const from = `1312555${5_000 + person++}`;
        const body = Buffer.from(JSON.stringify(toCall[carrier]?.(from, ownOf(id, person), at)));
        const headers = { 'content-type': 'application/json' };
        const call = { url: '', secret: SECRET, query: {}, headers, body, nowMs: rig.clock() };
        try {
          await callbacks.receive(carrier, rig.caller.account.id, call);
          wrote.push(from);
        } catch (error) {
          if (!(error instanceof AppError) || error.code !== 'invalid_payload') throw error;
        }
      }),
      { numRuns: RUNS },
    );
    await rig.drain();
    expect(wrote.length).toBeGreaterThan(RUNS / 3);
    expect(rig.errors).toEqual([]);
    expect(await rig.count('select count(*) from dead_letter')).toBe(0);
    const { rows } = await rig.pool.query<{ phone: number }>('select phone from list_contact where not active');
    expect(new Set(rows.map(({ phone }) => String(phone)))).toEqual(new Set(wrote));
  },
);

test('nor does a receipt that holds what no database takes keep the others from theirs', async () => {
  const callbacks = receiver();
  await fc.assert(
    fc.asyncProperty(odd, odd, async (id, code) => {
      const body = Buffer.from(
        JSON.stringify({
          receipts: [
            { id, state: 'ok', code },
            { id: 'a', state: 'ok', code },
          ],
        }),
      );
      const headers = { 'content-type': 'application/json' };
      const call = { url: '', secret: SECRET, query: {}, headers, body, nowMs: rig.clock() };
      await callbacks.receive('http', rig.caller.account.id, call);
    }),
    { numRuns: RUNS },
  );
  await rig.drain();
  expect(rig.errors).toEqual([]);
  expect(await rig.count('select count(*) from dead_letter')).toBe(0);
});
