import type { PoolClient } from 'pg';
import { afterEach, beforeEach, expect, test } from 'vitest';
import type { SubmitOutcome } from '../../src/carriers/carrier.ts';
import { cancelMessage } from '../../src/messages/index.ts';
import { LANES } from '../../src/pipeline/batch.ts';
import { newGateBatch } from '../../src/pipeline/pipeline.ts';
import { runStages } from '../../src/pipeline/stage.ts';
import { recordOutcomes } from '../../src/pipeline/stages/outcome-stage.ts';
import { recordVerdicts } from '../../src/pipeline/stages/record-stage.ts';
import { readWork } from '../../src/pipeline/work.ts';
import {
  claimBatches,
  findDueLists,
  LeaseLostError,
  releaseListClaims,
  type ClaimedBatch,
} from '../../src/store/outbound-batch-store.ts';
import { renewSubmissions } from '../../src/store/submission-store.ts';
import { closeHealthy, createPipelineRig, type PipelineRig } from '../helpers/pipeline-rig.ts';
import { until } from '../helpers/until.ts';

let rig: PipelineRig;

beforeEach(async () => {
  rig = await createPipelineRig({ started: false });
  rig.startLanding();
  rig.startApplying();
});
afterEach(() => closeHealthy(rig));

const LEASE_MS = 60_000;
const ACCEPTED: SubmitOutcome = { kind: 'accepted', carrierIds: ['77'], detail: 'PENDING', echoesOwnId: true };
const bodies = (count: number, digits = '0142'): { to: string; body: string }[] =>
  Array.from({ length: count }, (_, n) => ({ to: `+1312555${digits}`, body: `Message ${n}` }));

async function land(...messages: readonly Readonly<Record<string, unknown>>[]): Promise<string[]> {
  const ids = await rig.send(...messages);
  await until('they landed', async () => (await rig.count('select count(*) from outbound_batch')) > 0);
  return ids;
}

function claim(workerId: number, messages = 1_000): Promise<ClaimedBatch[]> {
  const request = { listId: 1, lane: LANES.transactional, workerId, nowMs: rig.clock(), leaseMs: LEASE_MS, messages };
  return claimBatches(rig.pool, { ...request, createdBeforeMs: rig.clock() });
}

/** Gate and record, as a worker does; what it may submit then. */
async function record(workerId: number, claimed: readonly ClaimedBatch[], limit = 1_000, pool = rig.pool) {
  const work = await readWork(rig.pool, rig.ids, claimed, limit);
  const facts = { listId: 1, list: rig.directory.list(1), account: rig.caller.account, nowMs: rig.clock() };
  const batch = newGateBatch(facts, work.messages);
  await runStages(rig.gate, batch);
  const submissionId = await rig.numbers.take(1);
  const verdicts = { ...facts, claims: work.claims, live: batch.live, refused: batch.refused };
  return await recordVerdicts({ ...rig, pool, workerId, leaseMs: LEASE_MS }, verdicts, () => submissionId);
}

/** Loses the connection once, at the commit: after it reached the server, or before. */
function losingCommit(pool: PipelineRig['pool'], when: 'after' | 'before'): PipelineRig['pool'] {
  let lost = false;
  async function connect(): Promise<PoolClient> {
    const client = await pool.connect();
    if (lost) return client;
    lost = true;
    const query = client.query.bind(client) as (...args: unknown[]) => unknown;
    const losing = async (): Promise<never> => {
      await query(when === 'after' ? 'commit' : 'rollback');
      throw new Error('Connection terminated unexpectedly');
    };
    client.query = ((...args: unknown[]) => (args[0] === 'commit' ? losing() : query(...args))) as typeof client.query;
    return client;
  }
  return new Proxy(pool, {
    get: (target, name) => (name === 'connect' ? connect : (Reflect.get(target, name) as () => void).bind(target)),
  });
}

function answer(recorded: NonNullable<Awaited<ReturnType<typeof record>>>, outcome: SubmitOutcome, done = true) {
  const settled = recorded.messages.map((message) => ({ message, outcome }));
  const deps = { ...rig, random: Math.random };
  return recordOutcomes(deps, { submission: recorded.submission, settled, done });
}

test('claims whose answer was lost are given back, those of others are not', async () => {
  await land(...bodies(2));
  await claim(1);
  await releaseListClaims(rig.pool, 1, 2);
  expect(await claim(2)).toHaveLength(0);
  await releaseListClaims(rig.pool, 1, 1);
  expect(await claim(2)).toHaveLength(1);
});

test('answers that are written twice change nothing, though the message is on its next try by then', async () => {
  await land(...bodies(1));
  const first = await record(1, await claim(1));
  if (first === undefined) throw new Error('nothing was recorded');
  const retry: SubmitOutcome = { kind: 'retry', detail: 'THROTTLED', code: '429', connectionFailed: false };
  // The commit's answer is lost, so the worker will write the same again.
  await answer(first, retry, false);
  rig.advance(5_000);
  const second = await record(1, await claim(1));
  if (second === undefined) throw new Error('nothing was recorded');
  await answer(first, retry, true);
  expect(await rig.stateOf(first.messages[0]?.id ?? '')).toBe('submitting');
  expect(await rig.count('select count(*) from outbound_batch')).toBe(0);
  expect(await rig.count('select max(attempt) as count from message')).toBe(1);
  await answer(second, ACCEPTED);
  expect(await rig.stateOf(first.messages[0]?.id ?? '')).toBe('sent');
});

test('a claimed batch is nobody else’s until its lease runs out', async () => {
  await land(...bodies(3));
  expect(await claim(1)).toHaveLength(1);
  expect(await claim(2)).toHaveLength(0);
  rig.advance(LEASE_MS);
  const [taken] = await claim(2);
  expect(taken).toMatchObject({ fence: 2, count: 3 });
});

test('a worker whose lease was taken over writes nothing', async () => {
  const [id = ''] = await land(...bodies(2));
  const late = await claim(1);
  rig.advance(LEASE_MS);
  const current = await claim(2);
  await expect(record(1, late)).rejects.toThrow(LeaseLostError);
  expect(await rig.count('select count(*) from message')).toBe(0);
  expect((await record(2, current))?.messages).toHaveLength(2);
  await expect(record(1, late)).rejects.toThrow(LeaseLostError);
  expect(await rig.stateOf(id)).toBe('submitting');
});

test('a batch is worked off in fronts, in order, until nothing is left', async () => {
  await land(...bodies(5));
  const fronts = [];
  for (const limit of [2, 2, 2])
    fronts.push((await record(1, await claim(1, limit), limit))?.messages.map((m) => m.template));
  expect(fronts).toEqual([['Message 0', 'Message 1'], ['Message 2', 'Message 3'], ['Message 4']]);
  expect(await rig.count('select count(*) from outbound_batch')).toBe(0);
});

test('several claims at once take every message once', async () => {
  for (let n = 0; n < 20; n++) await rig.send({ to: '+13125550142', body: `Batch ${n}` });
  await until('they landed', async () => (await rig.count('select count(*) from outbound_batch')) === 20);
  const claims = await Promise.all([1, 2, 3, 4].map((workerId) => claim(workerId, 5)));
  const taken = claims.flat().map((batch) => batch.batchId);
  expect(new Set(taken).size).toBe(taken.length);
  expect(taken.length).toBeGreaterThan(0);
});

/** Messages of a worker that was paused past its lease while they were on the wire: they are in doubt now. */
async function takenOver(count: number) {
  const ids = await land(...bodies(count, '0154'));
  const recorded = await record(1, await claim(1));
  if (recorded === undefined) throw new Error('nothing was recorded');
  expect(await rig.recover()).toBe(0);
  rig.advance(LEASE_MS + 1);
  expect(await rig.recover()).toBe(count);
  for (const id of ids) expect(await rig.stateOf(id)).toBe('in_doubt');
  return { ids, recorded };
}

const REFUSED: SubmitOutcome = { kind: 'refused', detail: 'REJECTED_PREFIX_MISSING', permanent: true, code: '21' };
const RETRY: SubmitOutcome = { kind: 'retry', detail: 'THROTTLED', code: '429', connectionFailed: false };
const IN_DOUBT: SubmitOutcome = { kind: 'in_doubt', code: null };

test.each([
  { outcome: ACCEPTED, state: 'sent' },
  { outcome: REFUSED, state: 'failed' },
  { outcome: RETRY, state: 'queued' },
])('an answer that comes after the lease ends the doubt: $outcome.kind', async ({ outcome, state }) => {
  const { ids, recorded } = await takenOver(2);
  const { retryAtMs } = await answer(recorded, outcome);
  expect(retryAtMs !== null).toBe(outcome.kind === 'retry');
  const carrierIds = outcome.kind === 'accepted' ? outcome.carrierIds : [];
  for (const id of ids) expect(await rig.get(id)).toMatchObject({ state, carrier_message_ids: carrierIds });
  expect(await rig.count('select count(*) from in_doubt')).toBe(0);
  // The commit's answer was lost: the same again.
  await answer(recorded, outcome);
  for (const id of ids) expect(await rig.stateOf(id)).toBe(state);
  expect(await rig.count('select count(*) from outbound_batch')).toBe(outcome.kind === 'retry' ? 1 : 0);
});

test('a late answer that says nothing leaves the doubt', async () => {
  const { ids, recorded } = await takenOver(1);
  await answer(recorded, IN_DOUBT);
  expect(await rig.get(ids[0] ?? '')).toMatchObject({ state: 'in_doubt' });
  expect(await rig.count('select count(*) from in_doubt where checks = 0')).toBe(1);
});

test('a late answer changes no message that has its receipt or is on its next try', async () => {
  const { ids, recorded } = await takenOver(2);
  const [reported = '', again = ''] = ids;
  const report = { carrierId: null, part: null, permanent: null, code: null, atMs: rig.clock() };
  const delivered = { ...report, messageId: reported, state: 'delivered' as const, detail: 'DELIVERED_TO_HANDSET' };
  await rig.onEvents({ listId: 1, reports: [delivered], inbound: [] });
  await until('its receipt is applied', async () => (await rig.stateOf(reported)) === 'delivered');
  // What an operator's in_doubt_resubmit leaves, and that one's answer is open too.
  await rig.pool.query('update message set attempt = 1 where number = $1', [rig.ids.decode(again)]);
  await answer(recorded, ACCEPTED);
  expect(await rig.get(reported)).toMatchObject({ state: 'delivered', carrier_message_ids: ['77'] });
  expect(await rig.get(again)).toMatchObject({ state: 'in_doubt', carrier_message_ids: [] });
});

test('only marks of submits that are still under way are kept alive', async () => {
  await land(...bodies(1));
  const kept = await record(7, await claim(7));
  await land({ to: '+13125550143', body: 'Hello' });
  const given = await record(7, await claim(7));
  rig.advance(LEASE_MS / 2);
  await renewSubmissions(rig.pool, 7, [kept?.submission.submissionId ?? -1], rig.clock() + LEASE_MS);
  rig.advance(LEASE_MS / 2 + 1);
  expect(await rig.recover()).toBe(1);
  expect(await rig.stateOf(kept?.messages[0]?.id ?? '')).toBe('submitting');
  expect(await rig.stateOf(given?.messages[0]?.id ?? '')).toBe('in_doubt');
});

test('answers that come in parts keep the mark until the last one', async () => {
  await land(...bodies(2));
  const recorded = await record(1, await claim(1));
  const [first, second] = recorded?.messages ?? [];
  if (recorded === undefined || first === undefined || second === undefined) throw new Error('nothing was recorded');
  const deps = { ...rig, random: Math.random };
  const { submission } = recorded;
  await recordOutcomes(deps, { submission, settled: [{ message: first, outcome: ACCEPTED }], done: false });
  expect(await rig.count('select count(*) from submission')).toBe(1);
  await recordOutcomes(deps, { submission, settled: [{ message: second, outcome: ACCEPTED }], done: true });
  expect(await rig.count('select count(*) from submission')).toBe(0);
});

test('of a cancel and a claim exactly one wins', async () => {
  const reading = {
    pool: rig.pool,
    directory: rig.directory,
    clock: rig.clock,
    messageIds: rig.ids,
    linkIds: rig.linkIds,
    messageEvents: rig.messageEvents,
    contactEffects: rig.contactEffects,
    landed: async () => {},
  };
  let cancelled = 0;
  const refusals = new Set<unknown>();
  for (let round = 0; round < 15; round++) {
    const [id = ''] = await land({ to: '+13125550142', body: `Round ${round}` });
    const [cancel, sent] = await Promise.allSettled([
      cancelMessage(reading, rig.caller, { id }),
      claim(1).then((claimed) => (claimed.length === 0 ? undefined : record(1, claimed))),
    ]);
    const wasSent = sent.status === 'fulfilled' && sent.value !== undefined;
    expect([cancel.status === 'fulfilled', wasSent]).toContain(true);
    expect(await rig.stateOf(id)).toBe(wasSent ? 'submitting' : 'cancelled');
    if (cancel.status === 'fulfilled') cancelled++;
    else refusals.add((cancel.reason as { code?: unknown }).code);
    expect(cancel.status === 'fulfilled').toBe(!wasSent);
  }
  expect([...refusals]).toEqual(cancelled === 15 ? [] : ['not_cancellable']);
});

test('two workers on one database submit every message once', async () => {
  await Promise.all([rig.startSending(), rig.startSending(), rig.startSending()]);
  const sends = Array.from({ length: 40 }, (_, n) =>
    rig.send(...Array.from({ length: 25 }, (__, m) => ({ to: '+13125550142', body: `${n} ${m}` }))),
  );
  await Promise.all(sends);
  await rig.drain();
  expect(await rig.count('select count(*) from message where state = 7')).toBe(1_000);
  expect(rig.simulator.store.totals()).toEqual({ submits: 1_000, messages: 1_000, doubles: 0 });
});

test('a list with waiting batches is found with its earliest due time', async () => {
  const second = await rig.addList('+18005551001');
  const send_at = new Date(rig.clock() + 600_000).toISOString();
  await land(
    { to: '+13125550142', body: 'Later', send_at },
    { to: '+13125550142', body: 'Now', category: 'marketing' },
  );
  await rig.send({ to: '+13125550142', body: 'Other', list_number: '+18005551001', send_at });
  await until('all landed', async () => (await rig.count('select count(*) from outbound_batch')) === 3);
  const due = await findDueLists(rig.pool);
  expect(new Set(due.map(({ listId }) => listId))).toEqual(new Set([1, second]));
  expect(due.find(({ listId }) => listId === 1)?.dueMs).toBeLessThanOrEqual(rig.clock());
  expect(due.find(({ listId }) => listId === second)?.dueMs).toBe(Date.parse(send_at));
});

test('a parked receipt is applied with the answer that names its id, in either spelling', async () => {
  const [id = ''] = await land(...bodies(1));
  const recorded = await record(1, await claim(1));
  if (recorded === undefined) throw new Error('nothing was recorded');
  const report = {
    messageId: null,
    carrierId: '4D2',
    part: null,
    state: 'delivered',
    detail: 'DELIVERED_TO_HANDSET',
  } as const;
  await rig.onEvents({ listId: 1, reports: [{ ...report, permanent: null, code: null, atMs: null }], inbound: [] });
  await until('it is parked', async () => (await rig.count('select count(*) from parked_report')) === 1);
  expect(await rig.stateOf(id)).toBe('submitting');
  await answer(recorded, { kind: 'accepted', carrierIds: ['1234'], detail: 'PENDING', echoesOwnId: false });
  expect(await rig.get(id)).toMatchObject({ state: 'delivered', carrier_message_ids: ['1234'] });
  expect(await rig.count('select count(*) from parked_report')).toBe(0);
});

test('a receipt that comes after the answer finds its message by the carrier’s id', async () => {
  const [id = ''] = await land(...bodies(1));
  const recorded = await record(1, await claim(1));
  if (recorded === undefined) throw new Error('nothing was recorded');
  await answer(recorded, { kind: 'accepted', carrierIds: ['00aF'], detail: 'PENDING', echoesOwnId: false });
  expect(await rig.stateOf(id)).toBe('sent');
  const report = { messageId: null, carrierId: 'AF', part: null, state: 'undelivered', detail: 'EXPIRED' } as const;
  await rig.onEvents({ listId: 1, reports: [{ ...report, permanent: false, code: '7', atMs: null }], inbound: [] });
  await until('it is applied', async () => (await rig.stateOf(id)) === 'undelivered');
  expect(await rig.get(id)).toMatchObject({ status_detail: 'EXPIRED', permanent: false, carrier_code: '7' });
});

test('a receipt that is faster than the answer stays', async () => {
  const [id = ''] = await land(...bodies(1));
  const recorded = await record(1, await claim(1));
  if (recorded === undefined) throw new Error('nothing was recorded');
  const report = {
    messageId: id,
    carrierId: '1234',
    part: null,
    state: 'delivered',
    detail: 'DELIVERED_TO_HANDSET',
  } as const;
  await rig.onEvents({ listId: 1, reports: [{ ...report, permanent: null, code: null, atMs: null }], inbound: [] });
  await until('it is applied', async () => (await rig.stateOf(id)) === 'delivered');
  await answer(recorded, { kind: 'accepted', carrierIds: ['1234'], detail: 'PENDING', echoesOwnId: true });
  const message = await rig.get(id);
  expect(message).toMatchObject({ state: 'delivered', carrier_message_ids: ['1234'] });
  expect(message.times.sent_at).not.toBeNull();
});

test('a mark whose commit was not answered is used, and nothing is in doubt for that', async () => {
  const [id = ''] = await land(...bodies(2));
  const recorded = await record(1, await claim(1), 1_000, losingCommit(rig.pool, 'after'));
  expect(recorded?.messages).toHaveLength(2);
  expect(recorded?.submission).toMatchObject({ workerId: 1, numbers: recorded?.messages.map(({ number }) => number) });
  expect(recorded?.submission.leaseUntilMs).toBeGreaterThan(rig.clock());
  if (recorded !== undefined) await answer(recorded, ACCEPTED);
  expect(await rig.stateOf(id)).toBe('sent');
});

test('a commit that was lost on its way leaves the batch for another try', async () => {
  const [id = ''] = await land(...bodies(2));
  const lost = record(1, await claim(1), 1_000, losingCommit(rig.pool, 'before'));
  await expect(lost).rejects.toThrow('The database cannot be reached');
  expect(await rig.count('select count(*) from submission')).toBe(0);
  const recorded = await record(2, await claim(2));
  expect(recorded?.messages).toHaveLength(2);
  if (recorded !== undefined) await answer(recorded, ACCEPTED);
  expect(await rig.stateOf(id)).toBe('sent');
});
