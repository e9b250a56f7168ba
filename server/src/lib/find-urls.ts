/** A URL and where it stands: UTF-16 indexes, `end` exclusive. */
export interface FoundUrl {
  readonly start: number;
  readonly end: number;
  readonly url: string;
}

const URL_START = /https?:\/\/[^\s<>"]+/gi;
const SCHEME_END = '://';
const TRAILING = new Set(`.,;:!?)]}'`);
const NO_URLS: readonly FoundUrl[] = [];

/**
 * The URLs that link wrapping replaces, in order: `http://` or `https://` (any case) and what follows up to white space,
 * `<`, `>` or `"`, without trailing punctuation `.,;:!?)]}'`. A scheme with nothing behind it is no URL.
 */
export function findUrls(text: string): readonly FoundUrl[] {
  if (!text.includes(SCHEME_END)) return NO_URLS;
  const found: FoundUrl[] = [];
  URL_START.lastIndex = 0;
  for (let match = URL_START.exec(text); match !== null; match = URL_START.exec(text)) addUrl(found, match);
  return found;
}

/**
 * The URLs of each piece of a text that has gaps between its pieces, or undefined when they depend on what is put there,
 * even if that cannot touch a URL (`mayTouchUrl`). As every URL has a `://`, each of those has to lie inside one piece,
 * with the scheme before it and, unless the text ends there, the end of the URL behind it.
 */
export function findSettledUrls(pieces: readonly string[]): (readonly FoundUrl[])[] | undefined {
  const last = pieces.length - 1;
  const found: (readonly FoundUrl[])[] = [];
  for (let i = 0; i <= last; i++) {
    const piece = pieces[i] as string;
    const joinsBefore = i > 0 && isUrlUnit(piece.charCodeAt(0));
    const joinsBehind = i < last && isUrlUnit(piece.charCodeAt(piece.length - 1));
    const urls = joinsBefore || joinsBehind ? undefined : last === 0 ? findUrls(piece) : findWhole(piece, i === last);
    if (urls === undefined) return undefined;
    found.push(urls);
  }
  return found;
}

/** Undefined when a `://` belongs to no URL of this piece, or the last URL goes on behind it. */
function findWhole(piece: string, isLast: boolean): readonly FoundUrl[] | undefined {
  let next = piece.indexOf(SCHEME_END);
  if (next < 0) return NO_URLS;
  const found: FoundUrl[] = [];
  URL_START.lastIndex = 0;
  for (let match = URL_START.exec(piece); match !== null && next >= match.index; match = URL_START.exec(piece)) {
    const end = URL_START.lastIndex;
    if (end === piece.length && !isLast) return undefined;
    addUrl(found, match);
    next = piece.indexOf(SCHEME_END, end);
    if (next < 0) return found;
  }
  return undefined;
}

function addUrl(found: FoundUrl[], match: RegExpExecArray): void {
  const start = match.index;
  const url = withoutTrailing(match[0]);
  if (!url.endsWith(SCHEME_END)) found.push({ start, end: start + url.length, url });
}

function withoutTrailing(url: string): string {
  let end = url.length;
  while (TRAILING.has(url.charAt(end - 1))) end--;
  return url.slice(0, end);
}

/** Whether a value holds `:` or `/`: it may hold a URL, or make one together with the text around it. */
export function mayTouchUrl(value: string): boolean {
  for (let i = 0; i < value.length; i++) if (isUrlUnit(value.charCodeAt(i))) return true;
  return false;
}

function isUrlUnit(unit: number): boolean {
  return unit === 0x3a || unit === 0x2f;
}
