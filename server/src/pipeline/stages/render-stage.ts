import type { Account, List } from '../../accounts/directory-types.ts';
import { mayTouchUrl } from '../../lib/find-urls.ts';
import type { IdCodec } from '../../lib/public-id.ts';
import { countSegments, countSegmentsOf, toSmartEncoding } from '../../lib/segments.ts';
import { textHash } from '../../lib/text-hash.ts';
import { affixesFor, brandNameOf } from '../../messages/affixes.ts';
import type { NumberBlocks } from '../../store/number-blocks.ts';
import type { Pool } from '../../store/pool.ts';
import { loadRecipients } from '../../store/recipient-store.ts';
import { hasFlag } from '../flags.ts';
import type { OutboundMessage } from '../outbound-message.ts';
import { drop, keep, type GateBatch, type RefusalReason, type Stage } from '../stage.ts';
import { createPlanner, joinPieces, septetsWith, type Planner, type TextPlan, type ValueSource } from '../text-plan.ts';

/** Of the final text, in UTF-16 units. */
const MAX_TEXT = 1_600;
/** Stands in links that a dry run shows; as long as an id. */
const PLACEHOLDER_LINK_ID = 'XXXXXXX';

export interface RenderStageDeps {
  readonly pool: Pool;
  readonly links: NumberBlocks;
  readonly linkIds: IdCodec;
}

/**
 * Step 8: fills macros, wraps links, adds affixes, decides the encoding and counts the parts. A message that was here
 * before keeps its text. Awaits once: for facts of recipients that the texts ask for, or for link numbers.
 */
export function createRenderStage({ pool, links, linkIds }: RenderStageDeps): Stage {
  return {
    name: 'render',
    async run(batch) {
      const { list, account } = batch;
      if (list === undefined || account === undefined) return;
      const domain = list.settings.shortenerDomain ?? account.settings.shortenerDomain;
      const plannerOf = createPlanners(list, account, domain);
      let drafts = draftTexts(batch.live, plannerOf);
      if (drafts.asking.length > 0) {
        await loadFacts(pool, batch.listId, drafts.asking);
        drafts = draftTexts(batch.live, plannerOf);
      }
      const { linkCount } = drafts;
      if (linkCount === 0 || domain === null || batch.dryRun) {
        finishTexts(batch, drafts, { first: null, ids: Array<string>(linkCount).fill(PLACEHOLDER_LINK_ID) });
      } else {
        const first = links.takeNow(linkCount) ?? (await links.take(linkCount));
        finishTexts(batch, drafts, { first, ids: encodeLinks(linkIds, first, linkCount) });
      }
    },
  };
}

function encodeLinks(linkIds: IdCodec, first: number, count: number): string[] {
  return Array.from({ length: count }, (_, index) => linkIds.encode(first + index));
}

/** The planner for a message; the same for messages with the same affixes and the same wish about links. */
type PlannerOf = (message: OutboundMessage) => Planner;

function createPlanners(list: List, account: Account, domain: string | null): PlannerOf {
  const planners: (Planner | undefined)[] = [];
  const brandName = brandNameOf(list, account);
  return ({ category, flags }) => {
    const wraps = hasFlag(flags, 'wrap_links');
    const skipsAffixes = hasFlag(flags, 'skip_affixes');
    const kind = (category === 'marketing' ? 4 : 0) + (wraps ? 2 : 0) + (skipsAffixes ? 1 : 0);
    return (planners[kind] ??= createPlanner({
      ...affixesFor(list, account, category, skipsAffixes),
      brandName,
      wraps,
      domain,
      linkIdLength: PLACEHOLDER_LINK_ID.length,
    }));
  };
}

/** What the texts of a batch are made of, message after message. */
interface Drafts {
  /** By the message's place; undefined: it has its text. */
  readonly plans: readonly (TextPlan | undefined)[];
  /** Those of the first message's plan, then those of the second's, … */
  readonly values: readonly string[];
  /** Short links of all messages. */
  readonly linkCount: number;
  /** Messages with macros that nothing known so far can fill. */
  readonly asking: readonly OutboundMessage[];
}

/** Finds plans, values and links, and sets the hashes for the duplicate check. */
function draftTexts(messages: readonly OutboundMessage[], plannerOf: PlannerOf): Drafts {
  const plans: (TextPlan | undefined)[] = [];
  const values: string[] = [];
  const asking: OutboundMessage[] = [];
  let linkCount = 0;
  for (const message of messages) {
    if (message.hasRow) {
      plans.push(undefined);
      continue;
    }
    const planner = plannerOf(message);
    let plan = planner.planOf(message.template);
    const at = values.length;
    if (!pushValues(values, plan.sources, message)) asking.push(message);
    message.textHash = comparedHash(plan, values, at);
    if (plan.wraps && !hasSettledLinks(plan, values, at)) {
      // From here on its body is as if it had been written with its values.
      const body = joinPieces(plan.body, values, at);
      values.splice(at + plan.bodyFrom, plan.bodyTo - plan.bodyFrom);
      plan = planner.planOfFilled(body);
    }
    plans.push(plan);
    linkCount += plan.links.length;
  }
  return { plans, values, linkCount, asking };
}

/** @returns false when one is not known, and so empty */
function pushValues(values: string[], sources: readonly ValueSource[], message: OutboundMessage): boolean {
  let known = true;
  for (const source of sources) {
    const value = valueOf(source, message);
    values.push(value ?? '');
    if (value === undefined) known = false;
  }
  return known;
}

function comparedHash(plan: TextPlan, values: readonly string[], at: number): bigint {
  if (plan.compared.slots.length > 0) return textHash(joinPieces(plan.compared, values, at));
  return (plan.sharedHash ??= textHash(joinPieces(plan.compared, values, at)));
}

function hasSettledLinks(plan: TextPlan, values: readonly string[], at: number): boolean {
  if (!plan.settled) return false;
  for (let i = plan.bodyFrom; i < plan.bodyTo; i++) if (mayTouchUrl(values[at + i] as string)) return false;
  return true;
}

function valueOf({ kind, key }: ValueSource, message: OutboundMessage): string | undefined {
  const { contactData, recipient } = message;
  switch (kind) {
    case 'message_id':
      return message.id;
    case 'first_name':
      return (
        contactData?.first_name ?? fieldText(recipient?.customFields['first_name']) ?? recipient?.firstName ?? undefined
      );
    case 'last_name':
      return (
        contactData?.last_name ?? fieldText(recipient?.customFields['last_name']) ?? recipient?.lastName ?? undefined
      );
    case 'field':
      return fieldText(ownField(contactData?.custom_fields, key)) ?? fieldText(ownField(recipient?.customFields, key));
    default:
      throw new Error(`unknown source of a value: ${String(kind)}`);
  }
}

/** Only fields that the sender set: `constructor` and the like are no fields. */
function ownField(fields: Readonly<Record<string, unknown>> | undefined, key: string): unknown {
  return fields !== undefined && Object.hasOwn(fields, key) ? fields[key] : undefined;
}

function fieldText(value: unknown): string | undefined {
  if (typeof value === 'string') return value;
  return typeof value === 'number' || typeof value === 'boolean' ? String(value) : undefined;
}

/** Loads the list contacts of messages whose macros their own `contact_data` cannot fill. */
async function loadFacts(pool: Pool, listId: number, asking: readonly OutboundMessage[]): Promise<void> {
  const rows = await loadRecipients(pool, listId, [...new Set(asking.map((message) => message.phone))]);
  const byPhone = new Map(rows.map((row) => [row.phone, row]));
  for (const message of asking) message.recipient = byPhone.get(message.phone) ?? null;
}

/** Short links of a batch, numbered in one contiguous range. */
interface LinkRange {
  /** null: they are only shown, or there is no domain for them. */
  readonly first: number | null;
  readonly ids: readonly string[];
}

function finishTexts(batch: GateBatch, { plans, values }: Drafts, { first, ids }: LinkRange): void {
  const { list, account } = batch;
  const hasDomain = (list?.settings.shortenerDomain ?? account?.settings.shortenerDomain ?? null) !== null;
  const smart = list?.settings.smartEncoding === true;
  let place = 0;
  let nextValue = 0;
  let nextLink = 0;
  keep(batch, 'render', (message) => {
    const plan = plans[place++];
    if (plan === undefined) return undefined;
    const at = nextValue;
    const link = nextLink;
    nextValue += plan.sources.length;
    nextLink += plan.links.length;
    if (plan.links.length > 0) {
      if (!hasDomain) return drop('no_domain_configured');
      if (first !== null) {
        message.firstLink = first + link;
        message.destinations = plan.links;
      }
    }
    const text = joinPieces(plan.text, values, at, ids, link);
    return setFinalText(message, text, septetsWith(plan, values, at), smart);
  });
}

function setFinalText(
  message: OutboundMessage,
  joined: string,
  septets: number,
  smart: boolean,
): RefusalReason | undefined {
  const isSmart = smart && septets < 0;
  const text = isSmart ? toSmartEncoding(joined) : joined;
  const counted = isSmart ? countSegments(text) : countSegmentsOf(text, septets);
  message.body = text;
  message.encoding = counted.encoding;
  message.characters = counted.characters;
  message.segments = counted.segments;
  if (text === '') return drop('empty_body');
  return text.length > MAX_TEXT ? drop('body_too_long') : undefined;
}
