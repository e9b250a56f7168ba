import { hash } from 'node:crypto';

/** A text cut at its macros. */
export interface Template {
  /** The text before the first macro, or all of it. */
  readonly head: string;
  readonly macros: readonly Macro[];
}

export interface Macro {
  /** Without braces and outer white space; may be empty. */
  readonly name: string;
  /** As it stands in the text, braces included. */
  readonly raw: string;
  /** N of `{{linkN}}` (N is 1 to 99 without leading zero), else 0. */
  readonly link: number;
  /** The text from here to the next macro or the end. */
  readonly after: string;
}

/** Answers the value of a macro; undefined counts as empty. */
export type MacroResolver = (name: string) => string | undefined;

export interface RenderOptions {
  /** True leaves `{{linkN}}` as written instead of asking for it: a body without links keeps its text. */
  readonly keepLinks?: boolean;
}

const MACRO = /\{\{[^{}]*\}\}/g;
const CACHE_LIMIT = 2_000;
const cache = new Map<string, Template>();

/**
 * Cuts a text at `{{name}}` and `{{ name }}` (the same macro; names are case-sensitive). Braces without a partner are
 * text. Up to 2,000 templates are kept, so a body that is sent often is cut once.
 */
export function compileTemplate(text: string): Template {
  const known = cache.get(text);
  if (known !== undefined) return known;
  const template = cutTemplate(text);
  if (template.macros.length > 0) remember(text, template);
  return template;
}

/** Starting over costs less than keeping the order of use, which every look-up would pay. */
function remember(text: string, template: Template): void {
  if (cache.size >= CACHE_LIMIT) cache.clear();
  cache.set(text, template);
}

function cutTemplate(text: string): Template {
  const matches = text.includes('{{') ? [...text.matchAll(MACRO)] : [];
  const macros = matches.map((match, i) => {
    const after = text.slice(match.index + match[0].length, matches[i + 1]?.index);
    return toMacro(match[0], after);
  });
  return { head: text.slice(0, matches[0]?.index), macros };
}

function toMacro(raw: string, after: string): Macro {
  const name = raw.slice(2, -2).trim();
  return { name, raw, link: Number(/^link([1-9][0-9]?)$/.exec(name)?.[1] ?? 0), after };
}

/**
 * Fills the macros in one pass: values are never scanned again, so a value that holds `{{…}}` arrives as it is.
 * What the resolver does not know becomes empty.
 */
export function renderTemplate(template: Template, resolve: MacroResolver, options?: RenderOptions): string {
  const keepLinks = options?.keepLinks === true;
  let text = template.head;
  for (const macro of template.macros) {
    text += keepLinks && macro.link > 0 ? macro.raw : (resolve(macro.name) ?? '');
    text += macro.after;
  }
  return text;
}

/**
 * The text by which duplicates are found: macros filled, but `{{messageId}}`, `{{sendId}}` and `{{linkN}}` as written,
 * because those differ between two sends of the same text.
 */
export function renderForDuplicateCheck(template: Template, resolve: MacroResolver): string {
  let text = template.head;
  for (const macro of template.macros) {
    text += isPerMessage(macro) ? macro.raw : (resolve(macro.name) ?? '');
    text += macro.after;
  }
  return text;
}

function isPerMessage(macro: Macro): boolean {
  return macro.link > 0 || macro.name === 'messageId' || macro.name === 'sendId';
}

/**
 * First 8 bytes of the SHA-256 of the UTF-8 text as a signed 64-bit decimal, for a bigint column. Costs about 2 µs for
 * 100 characters, nearly all of it the hash; for a batch of equal texts, ask once.
 */
export function textHash(text: string): string {
  return hash('sha256', text, 'buffer').readBigInt64BE(0).toString();
}
