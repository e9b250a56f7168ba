import {
  candidateStates,
  candidateZones,
  CAPPED_STATES,
  findOpening,
  MAX_CAP,
  MAX_CAP_HOURS,
  type QuietRule,
  rulesFor,
  toRuleName,
} from '../../compliance/index.ts';
import type { Directory } from '../../accounts/directory-types.ts';
import { HOUR_MS } from '../../lib/clock.ts';
import { isTimeZone } from '../../lib/time-zone.ts';
import type { Pool } from '../../store/pool.ts';
import { loadQuietFacts, type QuietFacts } from '../../store/quiet-facts-store.ts';
import { LANES } from '../batch.ts';
import { setDecision } from '../decisions.ts';
import { FLAGS, hasFlag } from '../flags.ts';
import { MESSAGE_STATES as S } from '../message-state.ts';
import type { OutboundMessage } from '../outbound-message.ts';
import { drop, hold, keep, type GateBatch, type RefusalReason, type Stage } from '../stage.ts';

/** Messages in these states left for their recipient, as far as anybody knows. */
const LEFT = [S.submitting, S.sent, S.in_doubt, S.unknown, S.delivered, S.undelivered];

/**
 * Step 14: marketing goes out only when the clocks of every place where the recipient may be are inside the hours of every
 * rule, and not more often than the states' caps allow. The list says whether others wait or are dropped. One round trip.
 */
export function createQuietHoursStage(pool: Pool, directory: Pick<Directory, 'listsOf'>): Stage {
  return {
    name: 'quiet_hours',
    async run(batch) {
      const asked = isQuiet(batch) ? batch.live.filter(({ category }) => category === 'marketing') : [];
      const facts =
        asked.length === 0 ? new Map<OutboundMessage, QuietFacts>() : await load(pool, directory, batch, asked);
      const openings = new Map<string, RefusalReason | undefined>();
      const counted = new Map<number, number[]>();
      keep(batch, 'quiet_hours', (message) => {
        if (message.category !== 'marketing' || !isQuiet(batch)) return undefined;
        return hoursRefusal(batch, message, facts.get(message), openings) ?? capRefusal(batch, message, facts, counted);
      });
      for (const message of batch.live) {
        if (message.category === 'marketing' && isQuiet(batch)) continue;
        message.decisions = setDecision(message.decisions, 'quiet_hours', 'exempt');
      }
    },
  };
}

function isQuiet({ list }: GateBatch): boolean {
  return list?.settings.quietHours === true;
}

async function load(
  pool: Pool,
  directory: Pick<Directory, 'listsOf'>,
  { account, listId, nowMs }: GateBatch,
  asked: readonly OutboundMessage[],
): Promise<Map<OutboundMessage, QuietFacts>> {
  const accountId = account?.id ?? '';
  const rows = await loadQuietFacts(
    pool,
    {
      accountId,
      listId,
      listIds: directory.listsOf(accountId).map((list) => list.id),
      cappedStates: CAPPED_STATES,
      sinceMs: nowMs - MAX_CAP_HOURS * HOUR_MS,
      limit: MAX_CAP,
      lane: LANES.marketing,
      states: LEFT,
      // A batch holds sandbox messages only or none.
      simulated: asked.some((message) => hasFlag(message.flags, 'simulated')),
      simulatedFlag: FLAGS.simulated,
    },
    asked.map((message) => ({ phone: message.phone, capped: isCapped(message) })),
  );
  const facts = new Map<OutboundMessage, QuietFacts>();
  for (const row of rows) facts.set(asked[row.place] as OutboundMessage, row);
  return facts;
}

function isCapped(message: OutboundMessage): boolean {
  return statesOf(message, undefined).some((state) => CAPPED_STATES.includes(state));
}

function statesOf({ phone, contactData }: OutboundMessage, facts: QuietFacts | undefined): string[] {
  return candidateStates({ phone, stateFields: [contactData?.custom_fields?.['state'], facts?.state] });
}

/** Asked once for each set of zones and states of a batch: its messages share the moment. */
function hoursRefusal(
  { account, list, nowMs }: GateBatch,
  message: OutboundMessage,
  facts: QuietFacts | undefined,
  known: Map<string, RefusalReason | undefined>,
): RefusalReason | undefined {
  const states = statesOf(message, facts);
  const rules = rulesFor(message.phone, states, nowMs).filter((rule) => rule.windows !== null);
  if (rules.length === 0) return undefined;
  const zones = candidateZones({
    phone: message.phone,
    explicitZone: explicitZone(message.contactData?.timezone) ?? explicitZone(facts?.timezone),
    accountZone: explicitZone(account?.settings.timezone),
  });
  const key = `${zones.join()} ${rules.map((rule) => rule.id).join()}`;
  if (!known.has(key)) known.set(key, refusalAt(nowMs, zones, rules, list?.settings.quietHoursMode ?? 'hold'));
  return known.get(key);
}

function explicitZone(zone: string | null | undefined): string | null {
  return zone !== null && zone !== undefined && isTimeZone(zone) ? zone : null;
}

function refusalAt(
  nowMs: number,
  zones: readonly string[],
  rules: readonly QuietRule[],
  mode: 'hold' | 'cancel',
): RefusalReason | undefined {
  const { atMs, rule } = findOpening(nowMs, zones, rules);
  if (atMs === nowMs || rule === null) return undefined;
  const name = toRuleName(rule);
  if (atMs === null || mode === 'cancel')
    return { ...drop('quiet_hours', `outside the hours of ${rule.id}`), rule: name };
  return hold('quiet_hours', atMs, name);
}

/** Messages of the batch that go count for those behind them. */
function capRefusal(
  { list, nowMs }: GateBatch,
  message: OutboundMessage,
  facts: ReadonlyMap<OutboundMessage, QuietFacts>,
  counted: Map<number, number[]>,
): RefusalReason | undefined {
  const own = facts.get(message);
  const caps = rulesFor(message.phone, statesOf(message, own), nowMs).filter((rule) => rule.cap !== null);
  if (caps.length === 0) return undefined;
  const sentMs = counted.get(message.phone) ?? [...(own?.sentMs ?? [])];
  counted.set(message.phone, sentMs);
  for (const rule of caps) {
    const { messages, hours } = rule.cap as NonNullable<QuietRule['cap']>;
    const inWindow = sentMs.filter((atMs) => atMs > nowMs - hours * HOUR_MS).slice(0, messages);
    if (inWindow.length < messages) continue;
    const name = toRuleName(rule);
    if (list?.settings.quietHoursMode === 'cancel')
      return { ...drop('frequency_rule', `more often than ${rule.id} allows`), rule: name };
    return hold('frequency_rule', Math.min(...inWindow) + hours * HOUR_MS, name);
  }
  sentMs.unshift(nowMs);
  return undefined;
}
