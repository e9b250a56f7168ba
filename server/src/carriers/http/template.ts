/** How a text is put into its surroundings so that it can only ever be one value there. */
export type Escaping = 'json' | 'form' | 'url' | 'xml' | 'none';

/** What a template can name, with a sample to try it with. */
export type TemplateNames = ReadonlyMap<string, string>;

/** A text with holes. */
export interface Template {
  readonly names: ReadonlySet<string>;
  /** @param values by name; each hole's value is filtered, then escaped for its place */
  render(values: Readonly<Record<string, string>>): string;
}

/** A template that cannot be used; the message says what and where, and shows nothing else of it. */
export class TemplateError extends Error {
  override readonly name = 'TemplateError';
}

type Filter = (value: string) => string;

/** Filters in the order in which the documentation lists them. */
const FILTERS: Readonly<Record<string, Filter>> = {
  digits: (number) => number.replace(/^\+/, ''),
  zeros: (number) => number.replace(/^\+/, '00'),
  json: (text) => JSON.stringify(text).slice(1, -1),
  url: (text) => encodeURIComponent(text.toWellFormed()),
  base64: (text) => Buffer.from(text).toString('base64'),
  utf16hex: (text) => Buffer.from(text, 'utf16le').swap16().toString('hex').toUpperCase(),
};

const XML: Readonly<Record<string, string>> = { '&': '&amp;', '<': '&lt;', '>': '&gt;', '"': '&quot;', "'": '&apos;' };
/** Characters that no XML 1.0 document may hold, not even as a reference. */
// eslint-disable-next-line no-control-regex
const NOT_XML = /[\u0000-\u0008\u000b\u000c\u000e-\u001f\ufffe\uffff]/g;

const ESCAPES: Readonly<Record<Escaping, Filter>> = {
  json: (text) => JSON.stringify(text).slice(1, -1),
  form: (text) => encodeURIComponent(text.toWellFormed()).replaceAll('%20', '+'),
  url: (text) => encodeURIComponent(text.toWellFormed()),
  xml: (text) => text.replace(NOT_XML, '').replace(/[&<>"']/g, (character) => XML[character] ?? ''),
  none: (text) => text,
};

type Part = string | { readonly name: string; readonly filters: readonly Filter[] };

const HOLE = /\{\{([^{}]*)\}\}/g;

/**
 * Reads a text with holes `{{name}}` or `{{name|filter|filter}}`. There is nothing else: no conditions, no code. A literal
 * `{{` is not possible.
 * @throws TemplateError with line and character of the fault, counted from 1
 */
export function parseTemplate(text: string, names: TemplateNames, escaping: Escaping): Template {
  const parts: Part[] = [];
  let end = 0;
  for (const match of text.matchAll(HOLE)) {
    addLiteral(parts, text, end, match.index);
    parts.push(toHole(match[1] ?? '', names, placeOf(text, match.index)));
    end = match.index + match[0].length;
  }
  addLiteral(parts, text, end, text.length);
  const escape = ESCAPES[escaping];
  return {
    names: new Set(parts.flatMap((part) => (typeof part === 'string' ? [] : [part.name]))),
    render: (values) =>
      parts.map((part) => (typeof part === 'string' ? part : escape(fillHole(part, values)))).join(''),
  };
}

function addLiteral(parts: Part[], text: string, from: number, to: number): void {
  const literal = text.slice(from, to);
  const stray = literal.search(/\{\{|\}\}/);
  // Braces that JSON nests are no holes that somebody forgot to close.
  if (stray >= 0 && /\{\{\s*[\w|]/.test(literal.slice(stray))) {
    throw new TemplateError(`{{ is not closed by }} at ${placeOf(text, from + stray)}`);
  }
  if (literal !== '') parts.push(literal);
}

function toHole(inner: string, names: TemplateNames, place: string): Part {
  const [name = '', ...filters] = inner.split('|').map((word) => word.trim());
  if (!names.has(name)) {
    throw new TemplateError(
      `{{${name.slice(0, 40)}}} is not known at ${place}; there are ${[...names.keys()].join(', ')}`,
    );
  }
  return { name, filters: filters.map((filter) => toFilter(filter, place)) };
}

function toFilter(name: string, place: string): Filter {
  const filter = Object.hasOwn(FILTERS, name) ? FILTERS[name] : undefined;
  if (filter !== undefined) return filter;
  const known = Object.keys(FILTERS).join(', ');
  throw new TemplateError(`the filter ${name.slice(0, 40)} is not known at ${place}; there are ${known}`);
}

function fillHole({ name, filters }: Exclude<Part, string>, values: Readonly<Record<string, string>>): string {
  return filters.reduce((value, filter) => filter(value), values[name] ?? '');
}

function placeOf(text: string, index: number): string {
  const before = text.slice(0, index).split('\n');
  return `line ${before.length}, character ${(before.at(-1)?.length ?? 0) + 1}`;
}
