const OPEN = '["\u201c\u201d\u201e\u201f\u00ab]';
const CLOSE = '["\u201c\u201d\u201f\u00bb]';
/** Phones put thin and invisible spaces around what they quote. */
const GAP = '[\\s\\u200b-\\u200f\\u2060\\ufeff]*';
const QUOTED = `${GAP}${OPEN}[^]*${CLOSE}${GAP}$`;
const EMOJI = '(?:\\p{Extended_Pictographic}|\\p{Regional_Indicator})';

/** How phones spell a reaction where the other side cannot show one. */
const REACTIONS: readonly (readonly [name: string, pattern: RegExp])[] = [
  ['tapback', new RegExp(`^${GAP}(?:liked|loved|disliked|laughed at|emphasi[sz]ed|questioned)${QUOTED}`, 'iu')],
  ['reacted', new RegExp(`^${GAP}reacted \\S{1,40}(?: \\S{1,40})? to${QUOTED}`, 'iu')],
  [
    'removed',
    new RegExp(
      `^${GAP}removed an? (?:like|heart|dislike|laugh|exclamation|question mark|reaction)(?: mark)? from${QUOTED}`,
      'iu',
    ),
  ],
  ['emoji', new RegExp(`^[^\\p{L}\\p{Nd}]{0,60}${EMOJI}[^\\p{L}\\p{Nd}]{0,60} to${QUOTED}`, 'iu')],
];
const MAY_BE_REACTION = /["\u201c\u201d\u201e\u201f\u00ab\u00bb]/;

/** Name of the form in which the text says that somebody reacted to one of ours; undefined: it does not. */
export function findReaction(text: string): string | undefined {
  if (!MAY_BE_REACTION.test(text)) return undefined;
  return REACTIONS.find(([, pattern]) => pattern.test(text))?.[0];
}
