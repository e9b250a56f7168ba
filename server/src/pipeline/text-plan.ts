import { areUrlsSettled, findUrls } from '../lib/find-urls.ts';
import { compileTemplate, type Macro, type Template } from '../lib/macros.ts';
import { countSeptets } from '../lib/segments.ts';

/** Where the value of a macro comes from. */
export interface ValueSource {
  readonly kind: 'message_id' | 'first_name' | 'last_name' | 'field';
  /** Of a custom field. */
  readonly key: string;
}

/** Literal texts with a slot between each and the next. */
export interface Pieces {
  /** One more than there are slots. */
  readonly texts: readonly string[];
  /** Which of the message's values goes there, or `LINK_SLOT`. */
  readonly slots: readonly number[];
}

/** The slot of the id of the message's next short link. */
const LINK_SLOT = -1;

/** How the texts are made of all messages with the same template, affixes and sender: what they share is done once. */
export interface TextPlan {
  /** The values that a message has to bring, in this order: for the text before the body, the body, the text behind. */
  readonly sources: readonly ValueSource[];
  /** Values of the body: from, inclusive, and to, exclusive. */
  readonly bodyFrom: number;
  readonly bodyTo: number;
  /** The body with links as written. */
  readonly body: Pieces;
  /** The text by which duplicates are found: the body with `{{messageId}}` and `{{sendId}}` as written as well. */
  readonly compared: Pieces;
  /** Links are replaced in it. */
  readonly wraps: boolean;
  /** False: where the links are depends on the values, see `areUrlsSettled`; `text`, `septets` and `links` are not to be used. */
  readonly settled: boolean;
  /** The final text. */
  readonly text: Pieces;
  /** Of the final text without its values; −1 when a character is outside the GSM alphabet. */
  readonly septets: number;
  /** Where its short links lead, in order. */
  readonly links: readonly string[];
  /** Hash of `compared` when that has no slots. */
  sharedHash: bigint | undefined;
}

/** What messages have in common beside their templates. */
export interface PlanContext {
  readonly prepend: string;
  readonly append: string;
  readonly brandName: string;
  readonly wraps: boolean;
  /** Host of short links as it is written; null: there is none, and links stay as they are. */
  readonly domain: string | null;
  /** Characters of the id of a short link; they are in the GSM alphabet. */
  readonly linkIdLength: number;
}

/** Plans for one context; affixes are cut once, and a template is cut at its first use. */
export interface Planner {
  planOf(template: string): TextPlan;
  /** The plan of a body that is text and nothing else, whatever braces it holds. */
  planOfFilled(body: string): TextPlan;
}

/** Keeps as many plans as there are different templates: meant to live as long as a batch. */
export function createPlanner(context: PlanContext): Planner {
  const prepend = compileTemplate(context.prepend);
  const append = compileTemplate(context.append);
  const plans = new Map<string, TextPlan>();
  let lastTemplate: string | undefined;
  let lastPlan: TextPlan | undefined;
  return {
    planOf(template) {
      // Batches often send one text to many: comparing it costs less than hashing it.
      if (template === lastTemplate && lastPlan !== undefined) return lastPlan;
      let plan = plans.get(template);
      if (plan === undefined) {
        plan = compilePlan({ prepend, body: compileTemplate(template), append }, context);
        plans.set(template, plan);
      }
      lastTemplate = template;
      lastPlan = plan;
      return plan;
    },
    planOfFilled: (body) => compilePlan({ prepend, body: { head: body, macros: [] }, append }, context),
  };
}

interface Cut {
  readonly prepend: Template;
  readonly body: Template;
  readonly append: Template;
}

function compilePlan({ prepend, body: template, append }: Cut, context: PlanContext): TextPlan {
  const sources: ValueSource[] = [];
  const text = new PieceBuilder();
  addTemplate(text, prepend, context, sources);
  const bodyFrom = sources.length;
  const body = new PieceBuilder();
  const compared = addTemplate(body, template, context, sources);
  const bodyTo = sources.length;
  const settled = !context.wraps || areUrlsSettled(body.texts);
  const links: string[] = [];
  addBody(text, body, context.wraps && settled ? context : undefined, links);
  addTemplate(text, append, context, sources);
  const septets = settled ? addSeptets(text.texts, links.length * context.linkIdLength) : -1;
  const { wraps } = context;
  return { sources, bodyFrom, bodyTo, body, compared, wraps, settled, text, septets, links, sharedHash: undefined };
}

/** @returns the same with the macros as written whose values differ between two sends of a text */
function addTemplate(to: PieceBuilder, template: Template, context: PlanContext, sources: ValueSource[]): Pieces {
  const compared = new PieceBuilder();
  to.addText(template.head);
  compared.addText(template.head);
  for (const macro of template.macros) {
    const literal = literalOf(macro, context);
    if (literal === undefined) {
      const source = toSource(macro.name);
      const slot = sources.push(source) - 1;
      to.addSlot(slot);
      if (source.kind === 'message_id') compared.addText(macro.raw);
      else compared.addSlot(slot);
    } else {
      to.addText(literal);
      compared.addText(literal);
    }
    to.addText(macro.after);
    compared.addText(macro.after);
  }
  return compared;
}

/** A body without links of its own keeps its `{{linkN}}`; the brand is that of the sender. */
function literalOf(macro: Macro, { brandName }: PlanContext): string | undefined {
  if (macro.link > 0) return macro.raw;
  return macro.name === 'brand_name' ? brandName : undefined;
}

const CUSTOM_FIELDS = 'custom_fields.';
const MESSAGE_ID: ValueSource = { kind: 'message_id', key: '' };
const FIRST_NAME: ValueSource = { kind: 'first_name', key: '' };
const LAST_NAME: ValueSource = { kind: 'last_name', key: '' };

function toSource(name: string): ValueSource {
  if (name === 'messageId' || name === 'sendId') return MESSAGE_ID;
  if (name === 'first_name') return FIRST_NAME;
  if (name === 'last_name') return LAST_NAME;
  return { kind: 'field', key: name.startsWith(CUSTOM_FIELDS) ? name.slice(CUSTOM_FIELDS.length) : name };
}

function addBody(text: PieceBuilder, body: Pieces, wrapping: PlanContext | undefined, links: string[]): void {
  for (const [i, piece] of body.texts.entries()) {
    if (i > 0) text.addSlot(body.slots[i - 1] ?? 0);
    if (wrapping === undefined) text.addText(piece);
    else addWrapped(text, piece, wrapping, links);
  }
}

function addWrapped(text: PieceBuilder, piece: string, { domain }: PlanContext, links: string[]): void {
  let at = 0;
  for (const { start, end, url } of findUrls(piece)) {
    if (domain !== null && isOnHost(url, domain.toLowerCase())) continue;
    links.push(url);
    if (domain === null) continue;
    text.addText(`${piece.slice(at, start)}https://${domain}/`);
    text.addSlot(LINK_SLOT);
    at = end;
  }
  text.addText(at === 0 ? piece : piece.slice(at));
}

/** A URL of the plain kind: its host is a name that URL parsers leave alone but for its case. */
const PLAIN_URL = /^https?:\/\/((?:[a-z0-9-]+\.)*[a-z][a-z0-9-]*)(?:[/?#]|$)/i;

/** Most URLs lead elsewhere, and seeing that without parsing them is much faster. */
function isOnHost(url: string, host: string): boolean {
  const name = PLAIN_URL.exec(url)?.[1];
  if (name !== undefined && name.toLowerCase() !== host) return false;
  return URL.canParse(url) && new URL(url).host.toLowerCase() === host;
}

/** Sums septets up; −1 stays. */
function addSeptets(texts: readonly string[], from: number): number {
  let sum = from;
  for (const text of texts) {
    const septets = countSeptets(text);
    if (septets < 0) return -1;
    sum += septets;
  }
  return sum;
}

/** Septets of the final text with the plan's values from `at` on; −1 when a character is outside the GSM alphabet. */
export function septetsWith(plan: TextPlan, values: readonly string[], at: number): number {
  let sum = plan.septets;
  for (let i = 0; i < plan.sources.length && sum >= 0; i++) {
    const septets = countSeptets(values[at + i] as string);
    sum = septets < 0 ? -1 : sum + septets;
  }
  return sum;
}

/** Fills the slots: value 0 is `values[at]`, the first link's id `linkIds[link]`. */
export function joinPieces(
  pieces: Pieces,
  values: readonly string[],
  at: number,
  linkIds: readonly string[] = [],
  link = 0,
): string {
  const { texts, slots } = pieces;
  let text = texts[0] as string;
  let nextLink = link;
  for (let i = 0; i < slots.length; i++) {
    const slot = slots[i] as number;
    const value = slot === LINK_SLOT ? linkIds[nextLink++] : values[at + slot];
    text += (value as string) + (texts[i + 1] as string);
  }
  return text;
}

class PieceBuilder implements Pieces {
  readonly texts: string[] = [''];
  readonly slots: number[] = [];

  addText(text: string): void {
    const last = this.texts.length - 1;
    const before = this.texts[last] as string;
    this.texts[last] = before === '' ? text : before + text;
  }

  addSlot(slot: number): void {
    this.slots.push(slot);
    this.texts.push('');
  }
}
