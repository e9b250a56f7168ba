import {
  candidateStates,
  candidateZones,
  findOpening,
  type QuietRule,
  rulesFor,
  toRuleName,
} from '../../compliance/index.ts';
import type { Directory } from '../../accounts/directory-types.ts';
import { isTimeZone } from '../../lib/time-zone.ts';
import type { Pool } from '../../store/pool.ts';
import { loadQuietFacts, type QuietFacts } from '../../store/quiet-facts-store.ts';
import { setDecision } from '../decisions.ts';
import { type CappedMessages, refuseCapped, reserveSends } from '../frequency-caps.ts';
import type { OutboundMessage } from '../outbound-message.ts';
import { drop, hold, keep, type GateBatch, type RefusalReason, type Stage } from '../stage.ts';

/**
 * Step 14: marketing goes out only when the clocks of every place where the recipient may be are inside the hours of every
 * rule, and not more often than the states' caps allow. The list says whether others wait or are dropped. One round trip;
 * caps are looked at in the transaction that records the verdicts, and in a dry run at once.
 */
export function createQuietHoursStage(pool: Pool, directory: Pick<Directory, 'listsOf'>): Stage {
  return {
    name: 'quiet_hours',
    async run(batch) {
      const asked = isQuiet(batch) ? batch.live.filter(isMarketing) : [];
      if (asked.length > 0) {
        const capped = keepWithinHours(batch, await loadFacts(pool, batch, asked));
        const listIds = directory.listsOf(batch.account?.id ?? '').map((list) => list.id);
        if (capped.size > 0 && batch.dryRun) await refuseCapped(pool, batch, listIds, capped);
        else if (capped.size > 0) batch.reservations.push((tx) => reserveSends(tx, batch, listIds, capped));
      }
      for (const message of batch.live) {
        if (asked.length > 0 && isMarketing(message)) continue;
        message.decisions = setDecision(message.decisions, 'quiet_hours', 'exempt');
      }
    },
  };
}

function isQuiet({ list }: GateBatch): boolean {
  return list?.settings.quietHours === true;
}

function isMarketing({ category }: OutboundMessage): boolean {
  return category === 'marketing';
}

async function loadFacts(
  pool: Pool,
  { account, listId }: GateBatch,
  asked: readonly OutboundMessage[],
): Promise<Map<OutboundMessage, QuietFacts>> {
  const scope = { accountId: account?.id ?? '', listId };
  const rows = await loadQuietFacts(
    pool,
    scope,
    asked.map((message) => message.phone),
  );
  return new Map(rows.map((row) => [asked[row.place] as OutboundMessage, row]));
}

/** Refuses what is outside the hours; returns those of the others that a cap holds for. */
function keepWithinHours(batch: GateBatch, facts: ReadonlyMap<OutboundMessage, QuietFacts>): CappedMessages {
  const capped = new Map<OutboundMessage, readonly QuietRule[]>();
  const refusalAt = createHours(batch);
  keep(batch, 'quiet_hours', (message) => {
    if (!isMarketing(message)) return undefined;
    const own = facts.get(message);
    const stateFields = [message.contactData?.custom_fields?.['state'], own?.state];
    const rules = rulesFor(message.phone, candidateStates({ phone: message.phone, stateFields }), batch.nowMs);
    if (rules.length === 0) return undefined;
    const refusal = refusalAt(zonesOf(batch, message, own), rules);
    if (refusal === undefined && rules.some((rule) => rule.cap !== null)) capped.set(message, rules);
    return refusal;
  });
  return capped;
}

function zonesOf({ account }: GateBatch, message: OutboundMessage, facts: QuietFacts | undefined): readonly string[] {
  return candidateZones({
    phone: message.phone,
    explicitZone: knownZone(message.contactData?.timezone) ?? knownZone(facts?.timezone),
    accountZone: knownZone(account?.settings.timezone),
  });
}

function knownZone(zone: string | null | undefined): string | null {
  return zone !== null && zone !== undefined && isTimeZone(zone) ? zone : null;
}

/** Asked once for each set of zones and rules of a batch: its messages share the moment. */
function createHours({
  nowMs,
  list,
}: GateBatch): (zones: readonly string[], rules: readonly QuietRule[]) => RefusalReason | undefined {
  const known = new Map<string, RefusalReason | undefined>();
  return (zones, rules) => {
    const key = `${zones.join()} ${rules.map((rule) => rule.id).join()}`;
    if (!known.has(key)) known.set(key, hoursRefusal(nowMs, zones, rules, list?.settings.quietHoursMode ?? 'hold'));
    return known.get(key);
  };
}

function hoursRefusal(
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
