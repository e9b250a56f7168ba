import type { Caller, Directory } from '../accounts/directory-types.ts';
import { parseRuleName } from '../compliance/index.ts';
import { SECOND_MS, type Clock } from '../lib/clock.ts';
import type { AcceptItem } from './accept-types.ts';
import { SOURCES } from './batch.ts';
import { toDecisions } from './decisions.ts';
import { toOutboundMessage, type AcceptedMessage, type OutboundMessage } from './outbound-message.ts';
import { newGateBatch } from './pipeline.ts';
import { runStages, type GateBatch, type Refusal, type Stage } from './stage.ts';

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
  readonly outcome: 'send' | 'hold' | 'dropped';
  readonly reasons: readonly { readonly code: string; readonly detail: string | null }[];
  readonly hold: { readonly reason: string; readonly until: string; readonly rule: string | null } | null;
  readonly rendered_body: string | null;
  readonly encoding: string | null;
  readonly characters: number | null;
  readonly segments: number | null;
  readonly provider: string | null;
  readonly estimated_delay_seconds: number;
  readonly cost: { readonly amount: number; readonly currency: string };
  readonly decisions: readonly {
    readonly check: string;
    readonly result: string;
    readonly code?: string;
    readonly rule?: string;
    readonly rule_version?: number | null;
  }[];
}

/**
 * Runs a valid message through the very stages of the gate without sending it, as if it were the time at which it is due.
 * Lists every reason, in gate order.
 */
export async function preflight(deps: PreflightDeps, caller: Caller, item: AcceptItem): Promise<PreflightAnswer> {
  const nowMs = deps.clock();
  const dueMs = Math.max(nowMs, item.dueMs);
  const message = toOutboundMessage(JSON.parse(item.json) as AcceptedMessage, {
    number: DRY_RUN_NUMBER,
    id: DRY_RUN_ID,
    createdMs: nowMs,
    dueMs,
    simulated: caller.key.sandbox,
    source: SOURCES.api,
  });
  const list = deps.directory.list(item.listId);
  const batch = newGateBatch({ listId: item.listId, list, account: caller.account, nowMs: dueMs }, [message], true);
  await runStages(deps.gate, batch);
  return toAnswer(batch, message, dueMs - nowMs);
}

function toAnswer(batch: GateBatch, message: OutboundMessage, delayMs: number): PreflightAnswer {
  const held = batch.refused.find(({ outcome }) => outcome.state === 'held');
  const isDropped = batch.refused.some(({ outcome }) => outcome.state !== 'held');
  const rendered = message.segments > 0;
  const refusals = new Map(batch.refused.map((refusal) => [refusal.check, refusal]));
  const micros = message.segments * (batch.account?.settings.pricePerSegmentMicros ?? 0);
  return {
    success: true,
    would_send: !isDropped,
    outcome: isDropped ? 'dropped' : held === undefined ? 'send' : 'hold',
    reasons: batch.refused.map(({ outcome, detail }) => ({ code: outcome.reason, detail })),
    hold: held === undefined || isDropped ? null : toHold(held),
    rendered_body: rendered ? message.body : null,
    encoding: rendered ? message.encoding : null,
    characters: rendered ? message.characters : null,
    segments: rendered ? message.segments : null,
    provider: batch.list?.type ?? null,
    estimated_delay_seconds: Math.ceil(delayMs / SECOND_MS),
    cost: { amount: micros / MICROS, currency: 'USD' },
    decisions: toDecisions(message.decisions).map(({ check, result }) => {
      const refusal = refusals.get(check);
      if (refusal === undefined) return { check, result };
      const { outcome, rule } = refusal;
      const shown = { check, result: outcome.state === 'held' ? 'hold' : 'drop', code: outcome.reason };
      return rule === null ? shown : { ...shown, ...toShownRule(rule) };
    }),
  };
}

function toHold({ outcome, rule }: Refusal): PreflightAnswer['hold'] {
  if (outcome.state !== 'held') return null;
  const until = new Date(outcome.untilMs).toISOString();
  return { reason: outcome.reason, until, rule: rule === null ? null : parseRuleName(rule).id };
}

function toShownRule(rule: string): { rule: string; rule_version: number | null } {
  const { id, version } = parseRuleName(rule);
  return { rule: id, rule_version: version };
}
