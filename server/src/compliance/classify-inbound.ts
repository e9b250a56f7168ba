/** What a text that somebody wrote to us asks for. */
export type InboundClass = 'opt_out' | 'start' | 'reply';

/** Whole texts that unsubscribe, in normal form: the words that US carriers and the FCC name, and their French ones. */
const OPT_OUT_KEYWORDS: ReadonlySet<string> = new Set([
  'stop',
  'stopall',
  'stop all',
  'end',
  'quit',
  'cancel',
  'unsubscribe',
  'unsub',
  'remove',
  'remove me',
  'opt out',
  'optout',
  'block',
  'wrong',
  'revoke',
  'arret',
  'td',
]);

const START_KEYWORDS: ReadonlySet<string> = new Set([
  'start',
  'unstop',
  'subscribe',
  'resubscribe',
  'resume',
  'opt in',
  'optin',
]);

const APOSTROPHES_AND_INVISIBLE = /['‘’`´]|[\u{200B}-\u{200F}]|\u{2060}|\u{FEFF}|[\u{FE00}-\u{FE0F}]/gu;

/** Lower case, compatibility forms folded, marks and punctuation gone, one space between words. */
export function toNormalForm(text: string): string {
  const folded = text.normalize('NFKC').toLowerCase().replace(APOSTROPHES_AND_INVISIBLE, '');
  const plain = folded.normalize('NFD').replace(/\p{M}/gu, '');
  return plain.replace(/[^\p{L}\p{N}]+/gu, ' ').trim();
}

/** A text counts as a keyword only when it is nothing else: `Stop!` is one, `bus stop` is not. */
export function classifyInbound(text: string): InboundClass {
  const normal = toNormalForm(text);
  if (OPT_OUT_KEYWORDS.has(normal)) return 'opt_out';
  return START_KEYWORDS.has(normal) ? 'start' : 'reply';
}
