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
const LINK_NAME = /^link([1-9][0-9]?)$/;
const NO_MACROS: readonly Macro[] = [];

/**
 * Cuts a text at `{{name}}` and `{{ name }}` (the same macro; names are case-sensitive). Braces without a partner are
 * text. Costs about 0.1 µs a macro; a text without macros costs next to nothing.
 */
export function compileTemplate(text: string): Template {
  if (!text.includes('{{')) return { head: text, macros: NO_MACROS };
  MACRO.lastIndex = 0;
  let match = MACRO.exec(text);
  const head = text.slice(0, match?.index);
  const macros: Macro[] = [];
  while (match !== null) {
    const end = MACRO.lastIndex;
    const next = MACRO.exec(text);
    macros.push(toMacro(match[0], text.slice(end, next?.index)));
    match = next;
  }
  return { head, macros };
}

function toMacro(raw: string, after: string): Macro {
  const name = raw.slice(2, -2).trim();
  const link = name.startsWith('link') ? Number(LINK_NAME.exec(name)?.[1] ?? 0) : 0;
  return { name, raw, link, after };
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
