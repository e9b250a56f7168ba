import { afterAll, beforeAll, beforeEach, expect, test } from 'vitest';
import { createInstallation, START_MS, type Installation } from '../../test/helpers/message-fixture.ts';
import { withTransaction } from '../store/transaction.ts';
import { createOutbox, type WebhookEvent } from '../webhooks/index.ts';
import { subscribe, type Subscription } from './subscribe.ts';
import { type OptOut, unsubscribe } from './unsubscribe.ts';
import { createWithdraw, createWithdrawals } from './withdrawals.ts';

const PHONE = 13_125_550_142;

let installation: Installation;
beforeAll(async () => {
  installation = await createInstallation();
});
afterAll(() => installation[Symbol.asyncDispose]());
beforeEach(async () => {
  told.length = 0;
  await installation.pool.query('truncate contact, list_contact, account_contact');
});

const accountId = () => installation.caller.account.id;

function subscription(change: Partial<Subscription> = {}): Subscription {
  const input = { accountId: accountId(), listId: 1, phone: PHONE, method: 'api', consentMs: null, evidence: {} };
  return { ...input, ...change } as Subscription;
}

function optOut(change: Partial<OptOut> = {}): OptOut {
  const input = { accountId: accountId(), listId: 1, phone: PHONE, reason: 'message', atMs: START_MS };
  return { ...input, evidence: { keyword: 'STOP' }, whenUnknown: 'create', ...change } as OptOut;
}

const told: string[] = [];
const deps = () => ({
  directory: installation.directory,
  outbox: {
    ...createOutbox({ directory: installation.directory, clock: () => START_MS }),
    emit: async (_transaction: unknown, _accountId: string, events: readonly WebhookEvent[]) =>
      void told.push(...events.map((event) => `${event.event} ${'listNumber' in event ? event.listNumber : ''}`)),
  },
  withdraw: createWithdraw(createWithdrawals()),
});
const add = (subscriptions: Subscription[], nowMs = START_MS) =>
  withTransaction(installation.pool, (transaction) => subscribe(deps(), transaction, subscriptions, nowMs));
const end = (optOuts: OptOut[]) =>
  withTransaction(installation.pool, (transaction) => unsubscribe(deps(), transaction, optOuts, START_MS));

const consents = async () =>
  (
    await installation.pool.query<{ kind: string }>(
      'select kind from consent where phone = $1 order by seq desc limit 5',
      [PHONE],
    )
  ).rows
    .map((row) => row.kind)
    .toReversed();

test('a new number becomes a contact and an active list contact with a record of its consent', async () => {
  const [result] = await add([
    subscription({ customFields: { fields: { tier: 'gold', gone: null }, replace: false } }),
  ]);
  expect(result).toMatchObject({
    isNewPhone: true,
    isNewListContact: true,
    isNewlyActive: true,
    isResubscribed: false,
    contact: { active: true, signupMs: START_MS, signupMethod: 'api', customFields: { tier: 'gold' } },
  });
  expect(result?.contact.id).toMatch(/^[0-9a-f]{24}$/);
  const { rows } = await installation.pool.query('select is_valid, line_type, country, state from contact');
  expect(rows).toEqual([{ is_valid: true, line_type: 'CELL PHONE', country: 'US', state: 'IL' }]);
  expect((await consents()).at(-1)).toBe('opt_in');
});

test('an active list contact keeps its signup and merges, replaces and removes fields', async () => {
  await add([subscription({ customFields: { fields: { a: 1, b: 2 }, replace: false } })]);
  const change = (fields: Record<string, unknown>, replace: boolean) =>
    add([subscription({ method: 'form', consentMs: START_MS + 5, customFields: { fields, replace } })], START_MS + 9);
  const [merged] = await change({ b: 3, a: null }, false);
  expect(merged).toMatchObject({
    isNewlyActive: false,
    contact: { signupMs: START_MS, signupMethod: 'api', customFields: { b: 3 } },
  });
  const [replaced] = await change({ c: 4 }, true);
  expect(replaced?.contact.customFields).toEqual({ c: 4 });
});

test.each<[string, number | null, boolean]>([
  ['no consent', null, false],
  ['an older consent', START_MS - 1, false],
  ['a consent of the same moment', START_MS, false],
  ['a newer consent', START_MS + 1, true],
])('an opt-out against %s', async (_name, consentMs, isActive) => {
  await add([subscription()]);
  await end([optOut()]);
  const [result] = await add(
    [subscription({ consentMs, customFields: { fields: { a: 1 }, replace: false } })],
    START_MS + 10,
  );
  expect(result).toMatchObject({
    isResubscribed: isActive,
    contact: { active: isActive, reason: isActive ? null : 'message', customFields: { a: 1 } },
  });
  expect((await consents()).slice(isActive ? -3 : -2)).toEqual([
    'opt_in',
    'opt_out',
    ...(isActive ? ['resubscribe'] : []),
  ]);
  expect(told.slice(1)).toEqual(['unsubscribe +18005551000', ...(isActive ? ['resubscribe +18005551000'] : [])]);
});

test('who never consented becomes active by any subscription', async () => {
  await installation.pool.query(
    `insert into list_contact (list_id, phone, active, reason, signup_method, created_ms) values (1, $1, false, 'no_consent', 'inbound', 0)`,
    [PHONE],
  );
  const [result] = await add([subscription()]);
  expect(result).toMatchObject({ isNewlyActive: true, isResubscribed: false, contact: { signupMethod: 'api' } });
});

test('an opt-out ends the subscription once, and the first reason stays', async () => {
  await add([subscription()]);
  expect(await end([optOut()])).toMatchObject([{ listId: 1, reason: 'message' }]);
  expect(await end([optOut({ reason: 'api' })])).toEqual([]);
  const { rows } = await installation.pool.query('select active, reason, unsubscribed_ms from list_contact');
  expect(rows).toEqual([{ active: false, reason: 'message', unsubscribed_ms: START_MS }]);
});

test('an opt-out of an unknown number is kept where that is asked for', async () => {
  expect(await end([optOut({ whenUnknown: 'ignore' })])).toEqual([]);
  expect(await end([optOut()])).toHaveLength(1);
  expect(told).toEqual(['unsubscribe +18005551000']);
  expect(await add([subscription()])).toMatchObject([{ isNewPhone: false, contact: { active: false } }]);
});

test('an opt-out that only holds a list that the number was never on ends nothing and is told to nobody', async () => {
  expect(await end([optOut({ whenUnknown: 'hold' })])).toEqual([]);
  expect(told).toEqual([]);
  expect((await consents()).at(-1)).toBe('opt_out');
  expect(await add([subscription()])).toMatchObject([{ isNewPhone: false, contact: { active: false } }]);
});

test('an opt-out that holds, too, ends a subscription that is there', async () => {
  await add([subscription()]);
  expect(await end([optOut({ whenUnknown: 'hold' })])).toHaveLength(1);
  expect(told.at(-1)).toBe('unsubscribe +18005551000');
});

test('subscriptions and opt-outs of the same numbers at once neither fail nor lose an opt-out', async () => {
  const phones = Array.from({ length: 60 }, (_, index) => PHONE + index);
  const shuffled = (seed: number) => [...phones].sort((a, b) => ((a * seed) % 97) - ((b * seed) % 97));
  await Promise.all(
    Array.from({ length: 12 }, (_, round) =>
      round % 3 === 0
        ? end(shuffled(round + 5).map((phone) => optOut({ phone })))
        : add(shuffled(round + 5).map((phone) => subscription({ phone, consentMs: START_MS - 1 }))),
    ),
  );
  const { rows } = await installation.pool.query('select count(*) from list_contact where active');
  expect(rows).toEqual([{ count: 0 }]);
});

test('from before its commit on, an opt-out keeps back what waits for a carrier; a later return does not wait for it', async () => {
  const withdrawals = createWithdrawals();
  const withdraw = createWithdraw(withdrawals);
  const before = withdrawals.look(1);
  const during = await withTransaction(installation.pool, async (transaction) => {
    await unsubscribe({ ...deps(), withdraw }, transaction, [optOut()], START_MS);
    return [before.isWithdrawn(PHONE), withdrawals.look(1).isWithdrawn(PHONE)];
  });
  const after = withdrawals.look(1);
  expect(during).toEqual([true, true]);
  expect([before.isWithdrawn(PHONE), after.isWithdrawn(PHONE)]).toEqual([true, false]);
  const failing = withTransaction(installation.pool, async (transaction) => {
    await unsubscribe({ ...deps(), withdraw }, transaction, [optOut({ atMs: START_MS + 1 })], START_MS);
    throw new Error('The work failed');
  });
  await expect(failing).rejects.toThrow('The work failed');
  // Whether it is stored is not for this process to guess: the gate is asked again.
  expect(after.isWithdrawn(PHONE)).toBe(true);
});
