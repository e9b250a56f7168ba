/** A URL and where it stands: UTF-16 indexes, `end` exclusive. */
export interface FoundUrl {
  readonly start: number;
  readonly end: number;
  readonly url: string;
}

const URL_START = /https?:\/\/[^\s<>"]+/gi;
const TRAILING = new Set(`.,;:!?)]}'`);

/**
 * The URLs that link wrapping replaces, in order: `http://` or `https://` (any case) and what follows up to white space,
 * `<`, `>` or `"`, without trailing punctuation `.,;:!?)]}'`. A scheme with nothing behind it is no URL.
 */
export function findUrls(text: string): FoundUrl[] {
  const found: FoundUrl[] = [];
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
