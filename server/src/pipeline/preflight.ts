import type { Caller, Directory } from '../accounts/directory-types.ts';
import { SECOND_MS, type Clock } from '../lib/clock.ts';
import type { AcceptItem } from './accept-types.ts';
import { SOURCES } from './batch.ts';
import { toDecisions } from './decisions.ts';
import { toOutboundMessage, type AcceptedMessage, type OutboundMessage } from './outbound-message.ts';
import { newGateBatch } from './pipeline.ts';
import { runStages, type GateBatch, type Stage } from './stage.ts';

/** After every message there is, so that all of them count as earlier; shown as an id that no message has. */
const DRY_RUN_NUMBER = 2 ** 47;
const DRY_RUN_ID = 'XXXXXXXX';
const MICROS = 1_000_000;

export interface PreflightDeps {
  readonly directory: Pick<Directory, 'list' | 'account'>;
  readonly gate: readonly Stage[];
  readonly clock: Clock;
}

export interface PreflightAnswer {
  readonly success: true;
  readonly would_send: boolean;
  readonly outcome: 'send' | 'dropped';
  readonly reasons: readonly { readonly code: string; readonly detail: string | null }[];
  readonly hold: null;
  readonly rendered_body: string | null;
  readonly encoding: string | null;
  readonly characters: number | null;
  readonly segments: number | null;
  readonly provider: string | null;
  readonly estimated_delay_seconds: number;
  readonly cost: { readonly amount: number; readonly currency: string };
  readonly decisions: readonly { readonly check: string; readonly result: string; readonly code?: string }[];
}

/** Runs a valid message through the very stages of the gate without sending it. Lists every reason, in gate order. */
export async function preflight(deps: PreflightDeps, caller: Caller, item: AcceptItem): Promise<PreflightAnswer> {
  const nowMs = deps.clock();
  const message = toOutboundMessage(JSON.parse(item.json) as AcceptedMessage, {
    number: DRY_RUN_NUMBER,
    id: DRY_RUN_ID,
    createdMs: nowMs,
    dueMs: Math.max(nowMs, item.dueMs),
    simulated: caller.key.sandbox,
    source: SOURCES.api,
  });
  const list = deps.directory.list(item.listId);
  const batch = newGateBatch({ listId: item.listId, list, account: caller.account, nowMs }, [message], true);
  await runStages(deps.gate, batch);
  return toAnswer(batch, message, item.dueMs);
}

function toAnswer(batch: GateBatch, message: OutboundMessage, dueMs: number): PreflightAnswer {
  const passes = batch.refused.length === 0;
  const rendered = message.segments > 0;
  const codes = new Map(batch.refused.map(({ check, outcome }) => [check, outcome.reason]));
  const micros = message.segments * (batch.account?.settings.pricePerSegmentMicros ?? 0);
  return {
    success: true,
    would_send: passes,
    outcome: passes ? 'send' : 'dropped',
    reasons: batch.refused.map(({ outcome, detail }) => ({ code: outcome.reason, detail })),
    hold: null,
    rendered_body: rendered ? message.body : null,
    encoding: rendered ? message.encoding : null,
    characters: rendered ? message.characters : null,
    segments: rendered ? message.segments : null,
    provider: batch.list?.type ?? null,
    estimated_delay_seconds: Math.max(0, Math.ceil((dueMs - batch.nowMs) / SECOND_MS)),
    cost: { amount: micros / MICROS, currency: 'USD' },
    decisions: toDecisions(message.decisions).map(({ check, result }) => {
      const code = codes.get(check);
      return code === undefined ? { check, result } : { check, result: 'drop', code };
    }),
  };
}
