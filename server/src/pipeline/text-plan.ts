import { findSettledUrls, type FoundUrl } from '../lib/find-urls.ts';
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
  /** False: where the links are depends on the values, see `findSettledUrls`; `text`, `septets` and `links` are not to be used. */
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
  const { brandName } = context;
  const prepend = cut(compileTemplate(context.prepend), brandName, 0);
  const append = cut(compileTemplate(context.append), brandName, 0);
  const plans = new Map<string, TextPlan>();
  let lastTemplate: string | undefined;
  let lastPlan: TextPlan | undefined;

  function compile(template: Template): TextPlan {
    return compilePlan(context, { prepend, body: cut(template, brandName, prepend.sources.length), append });
  }

  return {
    planOf(template) {
      // Batches often send one text to many: comparing it costs less than hashing it.
      if (template === lastTemplate && lastPlan !== undefined) return lastPlan;
      let plan = plans.get(template);
      if (plan === undefined) {
        plan = compile(compileTemplate(template));
        plans.set(template, plan);
      }
      lastTemplate = template;
      lastPlan = plan;
      return plan;
    },
    planOfFilled: (body) => compile({ head: body, macros: [] }),
  };
}

/** A text of the sender cut at its values. */
interface Cut {
  readonly pieces: Pieces;
  readonly compared: Pieces;
  readonly sources: readonly ValueSource[];
}

type Cuts = Readonly<Record<'prepend' | 'body' | 'append', Cut>>;

function compilePlan({ wraps, domain, linkIdLength }: PlanContext, cuts: Cuts): TextPlan {
  const { prepend, body, append } = cuts;
  const bodyFrom = prepend.sources.length;
  const bodyTo = bodyFrom + body.sources.length;
  const urls = wraps ? findSettledUrls(body.pieces.texts) : undefined;
  const foreign = urls?.map((found) => withoutOwn(found, domain));
  writer.addPieces(prepend.pieces, 0);
  if (foreign === undefined || domain === null) writer.addPieces(body.pieces, 0);
  else writeWrapped(body.pieces, foreign, domain);
  writer.addPieces(append.pieces, bodyTo);
  const text = writer.take();
  const links = foreign === undefined ? NO_LINKS : listUrls(foreign);
  return {
    sources: joinSources(cuts),
    bodyFrom,
    bodyTo,
    body: body.pieces,
    compared: body.compared,
    wraps,
    settled: !wraps || urls !== undefined,
    text,
    septets: addSeptets(text.texts, links.length * linkIdLength),
    links,
    sharedHash: undefined,
  };
}

const NO_LINKS: readonly string[] = [];
const NO_SOURCES: readonly ValueSource[] = [];
const NO_SLOTS: readonly number[] = [];

function joinSources({ prepend, body, append }: Cuts): readonly ValueSource[] {
  if (prepend.sources.length + append.sources.length === 0) return body.sources;
  return [...prepend.sources, ...body.sources, ...append.sources];
}

function cut(template: Template, brandName: string, firstSlot: number): Cut {
  const pieces = writeTemplate(template, brandName, firstSlot, false);
  if (pieces.slots.length === 0) return { pieces, compared: pieces, sources: NO_SOURCES };
  const sources = template.macros.filter((macro) => literalOf(macro, brandName) === undefined).map(toSource);
  const compared = sources.includes(MESSAGE_ID) ? writeTemplate(template, brandName, firstSlot, true) : pieces;
  return { pieces, compared, sources };
}

function writeTemplate(template: Template, brandName: string, firstSlot: number, keepsIds: boolean): Pieces {
  let slot = firstSlot;
  writer.addText(template.head);
  for (const macro of template.macros) {
    const literal = literalOf(macro, brandName);
    if (literal !== undefined) writer.addText(literal);
    else if (keepsIds && isMessageId(macro.name)) writer.addText(macro.raw);
    else writer.addSlot(slot);
    if (literal === undefined) slot++;
    writer.addText(macro.after);
  }
  return writer.take();
}

/** A body without links of its own keeps its `{{linkN}}`; the brand is that of the sender. */
function literalOf(macro: Macro, brandName: string): string | undefined {
  if (macro.link > 0) return macro.raw;
  return macro.name === 'brand_name' ? brandName : undefined;
}

const CUSTOM_FIELDS = 'custom_fields.';
const MESSAGE_ID: ValueSource = { kind: 'message_id', key: '' };
const FIRST_NAME: ValueSource = { kind: 'first_name', key: '' };
const LAST_NAME: ValueSource = { kind: 'last_name', key: '' };

function isMessageId(name: string): boolean {
  return name === 'messageId' || name === 'sendId';
}

function toSource({ name }: Macro): ValueSource {
  if (isMessageId(name)) return MESSAGE_ID;
  if (name === 'first_name') return FIRST_NAME;
  if (name === 'last_name') return LAST_NAME;
  return { kind: 'field', key: name.startsWith(CUSTOM_FIELDS) ? name.slice(CUSTOM_FIELDS.length) : name };
}

/** URLs that lead to the domain of short links already stay as they are. */
function withoutOwn(found: readonly FoundUrl[], domain: string | null): readonly FoundUrl[] {
  if (found.length === 0 || domain === null) return found;
  const host = domain.toLowerCase();
  return found.filter(({ url }) => !isOnHost(url, host));
}

function listUrls(urls: readonly (readonly FoundUrl[])[]): readonly string[] {
  const list: string[] = [];
  for (const found of urls) for (const { url } of found) list.push(url);
  return list;
}

function writeWrapped(body: Pieces, urls: readonly (readonly FoundUrl[])[], domain: string): void {
  for (const [i, piece] of body.texts.entries()) {
    if (i > 0) writer.addSlot(body.slots[i - 1] as number);
    let at = 0;
    for (const { start, end } of urls[i] ?? []) {
      writer.addText(`${piece.slice(at, start)}https://${domain}/`);
      writer.addSlot(LINK_SLOT);
      at = end;
    }
    writer.addText(piece.slice(at));
  }
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

/** Puts pieces together in arrays that it uses again and again: what it gives away is cut to size. */
class PieceWriter {
  private readonly texts: string[] = [''];
  private readonly slots: number[] = [];
  private count = 0;

  addText(text: string): void {
    const before = this.texts[this.count] as string;
    this.texts[this.count] = before === '' ? text : before + text;
  }

  addSlot(slot: number): void {
    this.slots[this.count++] = slot;
    this.texts[this.count] = '';
  }

  /** `offset` is added to the slots. */
  addPieces({ texts, slots }: Pieces, offset: number): void {
    for (let i = 0; i < texts.length; i++) {
      if (i > 0) this.addSlot((slots[i - 1] as number) + offset);
      this.addText(texts[i] as string);
    }
  }

  take(): Pieces {
    const { count } = this;
    const pieces = {
      texts: this.texts.slice(0, count + 1),
      slots: count === 0 ? NO_SLOTS : this.slots.slice(0, count),
    };
    this.count = 0;
    this.texts[0] = '';
    return pieces;
  }
}

const writer = new PieceWriter();
