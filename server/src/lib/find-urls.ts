/** A URL and where it stands: UTF-16 indexes, `end` exclusive. */
export interface FoundUrl {
  readonly start: number;
  readonly end: number;
  readonly url: string;
}

const URL_START = /https?:\/\/[^\s<>"]+/gi;
const SCHEME_END = '://';
const TRAILING = new Set(`.,;:!?)]}'`);

/**
 * The URLs that link wrapping replaces, in order: `http://` or `https://` (any case) and what follows up to white space,
 * `<`, `>` or `"`, without trailing punctuation `.,;:!?)]}'`. A scheme with nothing behind it is no URL.
 */
export function findUrls(text: string): FoundUrl[] {
  const found: FoundUrl[] = [];
  if (!text.includes(SCHEME_END)) return found;
  for (const match of text.matchAll(URL_START)) {
    const url = withoutTrailing(match[0]);
    if (!url.endsWith('://')) {
      found.push({ start: match.index, end: match.index + url.length, url });
    }
  }
  return found;
}

function withoutTrailing(url: string): string {
  let end = url.length;
  while (TRAILING.has(url.charAt(end - 1))) end--;
  return url.slice(0, end);
}

/**
 * Whether the URLs of a text are those of its pieces, in whatever way the gaps between them are filled with values that
 * cannot touch a URL (`mayTouchUrl`). As every URL has a `://`, each of those has to lie inside one piece, with the scheme
 * before it and the whole URL behind it.
 */
export function areUrlsSettled(pieces: readonly string[]): boolean {
  const last = pieces.length - 1;
  if (last === 0) return true;
  return pieces.every((piece, i) => {
    const joinsBefore = i > 0 && isUrlUnit(piece.charCodeAt(0));
    const joinsBehind = i < last && isUrlUnit(piece.charCodeAt(piece.length - 1));
    return !joinsBefore && !joinsBehind && holdsItsUrls(piece, i === last);
  });
}

/** Whether each `://` belongs to a URL that begins and, unless the text ends here, also ends in this piece. */
function holdsItsUrls(piece: string, isLast: boolean): boolean {
  let next = piece.indexOf(SCHEME_END);
  if (next < 0) return true;
  for (const match of piece.matchAll(URL_START)) {
    const end = match.index + match[0].length;
    if (next < match.index || (end === piece.length && !isLast)) return false;
    next = piece.indexOf(SCHEME_END, end);
    if (next < 0) return true;
  }
  return false;
}

/** Whether a value holds `:` or `/`: it may hold a URL, or make one together with the text around it. */
export function mayTouchUrl(value: string): boolean {
  for (let i = 0; i < value.length; i++) if (isUrlUnit(value.charCodeAt(i))) return true;
  return false;
}

function isUrlUnit(unit: number): boolean {
  return unit === 0x3a || unit === 0x2f;
}
