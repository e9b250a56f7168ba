/**
 * Compiles a phrase of `inbound-words.ts` to a regular expression over normal forms: groups of words in a row, `a/b`
 * either, `[a]` may be left out, `+` joins words, `*` any word, `^` beginning, `$` end. No quantifier is nested, so the
 * time grows with the length of the text alone.
 */
export function compilePhrase(phrase: string): RegExp {
  return new RegExp(toSource(phrase));
}

/** One expression that finds any of the phrases. */
export function compilePhrases(phrases: readonly string[], flags = ''): RegExp {
  return new RegExp(phrases.map(toSource).join('|'), flags);
}

function toSource(phrase: string): string {
  const anchored = phrase.startsWith('^');
  const groups = (anchored ? phrase.slice(1) : phrase).split(' ');
  let source = anchored ? '^' : '(?<!\\S)';
  let isFirst = true;
  for (const group of groups) {
    const optional = group.startsWith('[');
    const words = (optional ? group.slice(1, -1) : group).split('/').map((word) => word.replaceAll('+', ' '));
    const space = isFirst ? '' : ' ';
    if (words.includes('$')) source += `(?:${space}(?:${words.filter((word) => word !== '$').join('|')})|$)`;
    else if (group === '*') source += `${space}\\S+`;
    else source += optional ? `(?:${space}(?:${words.join('|')}))?` : `${space}(?:${words.join('|')})`;
    isFirst = false;
  }
  return `${source}(?!\\S)`;
}
