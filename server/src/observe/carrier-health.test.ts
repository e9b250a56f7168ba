import { beforeEach, expect, test } from 'vitest';
import { type CarrierHealth, createCarrierHealth } from './carrier-health.ts';

let nowMs: number;
let health: CarrierHealth;
beforeEach(() => {
  nowMs = 1_000;
  health = createCarrierHealth(() => nowMs);
});

const ACCEPTED = { outcome: { kind: 'accepted', detail: 'PENDING' } } as const;
const REFUSED = { outcome: { kind: 'refused', detail: 'REJECTED_CONTENT', code: '40302' } } as const;
const AWAY = {
  outcome: { kind: 'retry', detail: 'CARRIER_UNAVAILABLE', code: 'ECONNREFUSED', connectionFailed: true },
} as const;
const DOUBT = { outcome: { kind: 'in_doubt', code: 'timeout' } } as const;
const list = () => health.sending().get(7);

test('counts what is in flight and keeps the last success and the last error', () => {
  health.onSubmitted(7, 3);
  expect(list()).toEqual({ state: 'unknown', inFlight: 3, lastError: null, lastSuccessMs: null, sessions: null });
  health.onAnswered(7, [ACCEPTED]);
  nowMs = 2_000;
  health.onAnswered(7, [REFUSED]);
  const lastError = { detail: 'REJECTED_CONTENT', code: '40302', atMs: 2_000 };
  expect(list()).toEqual({ state: 'up', inFlight: 1, lastError, lastSuccessMs: 1_000, sessions: null });
  health.onUnanswered(7, 1);
  expect(list()?.inFlight).toBe(0);
});

test('is failing with the first failed connection, down with the fifth, and up with any answer', () => {
  for (const state of ['failing', 'failing', 'failing', 'failing', 'down', 'down']) {
    health.onAnswered(7, [AWAY]);
    expect(list()?.state).toBe(state);
  }
  health.onAnswered(7, [DOUBT]);
  expect(list()).toMatchObject({ state: 'down', lastError: { detail: 'in_doubt', code: 'timeout' } });
  health.onAnswered(7, [REFUSED]);
  expect(list()?.state).toBe('up');
});

test('sessions tell before anything is sent: up with all, failing with some, down with none', () => {
  const missing = { detail: 'CARRIER_UNAVAILABLE', code: 'ECONNREFUSED' };
  health.onSessions(7, { bound: 2, wanted: 2, missing: null });
  expect(list()).toMatchObject({ state: 'up', lastError: null });
  health.onSessions(7, { bound: 1, wanted: 2, missing });
  expect(list()).toMatchObject({ state: 'failing', lastError: { ...missing, atMs: 1_000 } });
  health.onSessions(7, { bound: 0, wanted: 2, missing });
  expect(list()?.state).toBe('down');
  health.onSessions(7, { bound: 2, wanted: 2, missing: null });
  expect(list()?.state).toBe('up');
});

test('changes are taken once, receipts as what came since', () => {
  health.onSubmitted(7, 1);
  health.onReceipts(7, 2, 3);
  const first = health.takeChanges();
  expect([...first.sending.keys()]).toEqual([7]);
  expect([...first.receipts]).toEqual([[7, { matched: 2, total: 3 }]]);
  const second = health.takeChanges();
  expect([second.sending.size, second.receipts.size]).toEqual([0, 0]);
  health.onReceipts(7, 1, 1);
  expect([...health.takeChanges().receipts]).toEqual([[7, { matched: 1, total: 1 }]]);
  expect(health.receipts().get(7)).toEqual({ matched: 3, total: 4 });
});
