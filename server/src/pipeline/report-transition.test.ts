import { describe, expect, it } from 'vitest';
import { MESSAGE_STATES as S } from './message-state.ts';
import { applyReport, stateOfParts, type Report } from './report-transition.ts';

function report(state: Report['state'], atMs = 1_000): Report {
  return { state, detail: null, atMs };
}

describe('a report', () => {
  it.each([
    ['sent', 'delivered', 'delivered'],
    ['sent', 'undelivered', 'undelivered'],
    ['sent', 'failed', 'undelivered'],
    ['sent', 'sent', undefined],
    ['submitting', 'delivered', 'delivered'],
    ['submitting', 'sent', undefined],
    ['in_doubt', 'sent', 'sent'],
    ['in_doubt', 'delivered', 'delivered'],
    ['in_doubt', 'failed', 'undelivered'],
    ['unknown', 'sent', 'sent'],
    ['unknown', 'delivered', 'delivered'],
    ['queued', 'delivered', 'delivered'],
    ['queued', 'sent', undefined],
    ['delivered', 'sent', undefined],
    ['delivered', 'delivered', undefined],
    ['failed', 'delivered', undefined],
    ['dropped', 'delivered', undefined],
    ['cancelled', 'delivered', undefined],
  ] as const)('about a message that is %s, saying %s, makes it %s', (from, said, to) => {
    const next = applyReport({ state: S[from], detail: null, carrierMs: null }, report(said), true);
    expect(next).toBe(to === undefined ? undefined : S[to]);
  });

  it('with a later carrier time turns delivered into undelivered and back', () => {
    const delivered = { state: S.delivered, detail: null, carrierMs: 1_000 };
    expect(applyReport(delivered, report('undelivered', 1_001), true)).toBe(S.undelivered);
    expect(applyReport({ ...delivered, state: S.undelivered }, report('delivered', 1_001), true)).toBe(S.delivered);
  });

  it('with an earlier carrier time, or about several parts, contradicts nothing', () => {
    const delivered = { state: S.delivered, detail: null, carrierMs: 1_000 };
    expect(applyReport(delivered, report('undelivered', 999), true)).toBeUndefined();
    expect(applyReport(delivered, report('undelivered', 1_001), false)).toBeUndefined();
  });
});

describe('the state of a message by its parts', () => {
  it('is delivered only when every part is', () => {
    expect(stateOfParts([{ state: S.delivered }, { state: null }])).toBeUndefined();
    expect(stateOfParts([{ state: S.delivered }, { state: S.delivered }])).toBe(S.delivered);
  });

  it('is undelivered as soon as one part failed', () => {
    expect(stateOfParts([{ state: S.delivered }, { state: S.undelivered }, { state: null }])).toBe(S.undelivered);
  });
});
