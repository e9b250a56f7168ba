import {
  ABUSE_PHRASES,
  type AbuseLabel,
  GUARDS,
  HELP_KEYWORDS,
  MISSPELLINGS,
  NO_WORDS,
  OPT_OUT_KEYWORDS,
  OPT_OUT_PHRASES,
  SHORT_SPAM_WORD,
  START_KEYWORDS,
  YES_WORDS,
} from './inbound-words.ts';
import { findReaction } from './is-reaction.ts';
import { toNormalForm } from './normal-form.ts';
import { compilePhrase, compilePhrases } from './word-pattern.ts';

/** What a text that somebody wrote to us is, first class that fits. */
export const INBOUND_CLASSES = ['reaction', 'opt_out', 'abuse', 'help', 'start', 'join', 'reply'] as const;
export type InboundClass = (typeof INBOUND_CLASSES)[number];

export interface Classified {
  readonly class: InboundClass;
  /** Step and pattern that matched, such as `keyword stop` or `phrase no+more texts`; null for a plain reply. */
  readonly rule: string | null;
  readonly label: AbuseLabel | null;
  /** What matched, as received, in upper case; at most 160 characters. */
  readonly keyword: string | null;
  /** A plain yes or no; whether a yes subscribes depends on what the number was asked. */
  readonly answer: 'yes' | 'no' | null;
}

/** Longer texts are judged by their beginning: no phone writes them, and the time must stay short. */
const MAX_LENGTH = 2_000;
const MAX_KEYWORD = 160;
const FEW_WORDS = 3;
/** Where a harmless use of `stop` was cut out; keeps what was apart apart. */
const GAP = '|';

const GUARD = compilePhrases(GUARDS, 'g');
const PHRASES = OPT_OUT_PHRASES.map((phrase) => ({ phrase, pattern: compilePhrase(phrase) }));
const ANY_PHRASE = compilePhrases(OPT_OUT_PHRASES);
const ABUSE = (Object.keys(ABUSE_PHRASES) as AbuseLabel[]).flatMap((label) =>
  ABUSE_PHRASES[label].map((phrase) => ({ label, pattern: compilePhrase(phrase) })),
);

/**
 * Classifies a text by itself. Pure: an opt-out that the carrier recognised, and what the number was asked, are the
 * caller's business. `joinKeywords`: normal forms of the list's. Costs about 3 µs for 100 characters; at most some 200 µs.
 */
export function classifyInbound(text: string, joinKeywords: ReadonlySet<string> = NONE): Classified {
  const raw = text.length > MAX_LENGTH ? text.slice(0, MAX_LENGTH) : text;
  const reaction = findReaction(raw);
  if (reaction !== undefined) return classified('reaction', `reaction ${reaction}`);
  const normal = toNormalForm(raw);
  if (normal === '') return classified('reaction', 'reaction no words');
  return findOptOut(raw, normal) ?? findAbuse(normal) ?? findKeyword(raw, normal, joinKeywords);
}

const NONE: ReadonlySet<string> = new Set();

function findOptOut(raw: string, normal: string): Classified | undefined {
  if (OPT_OUT_KEYWORDS.has(normal)) return optOut(`keyword ${normal}`, raw);
  const left = cutGuards(normal);
  const phrase = findPhrase(left);
  if (phrase !== undefined) return optOut(`phrase ${phrase.name}`, phrase.match);
  const words = left.split(' ').filter((word) => word !== GAP && word !== '');
  if (words.length === 0) return undefined;
  if (words.length <= FEW_WORDS && words.at(-1) === 'stop') return optOut('last word stop', 'stop');
  if (words.length === 1) {
    const [word = ''] = words;
    return MISSPELLINGS.has(word) ? optOut(`misspelling ${word}`, raw) : undefined;
  }
  if (words.length > FEW_WORDS && words.some((word) => word.length > 1)) return undefined;
  const joined = words.join('');
  return OPT_OUT_KEYWORDS.has(joined) || MISSPELLINGS.has(joined) ? optOut(`spread letters ${joined}`, raw) : undefined;
}

function cutGuards(normal: string): string {
  if (!normal.includes('stop')) return normal;
  const left = normal.replace(GUARD, GAP);
  return left.startsWith(`${GAP} `) ? left.slice(GAP.length + 1) : left;
}

function findPhrase(left: string): { name: string; match: string } | undefined {
  if (!ANY_PHRASE.test(left)) return undefined;
  for (const { phrase, pattern } of PHRASES) {
    const match = pattern.exec(left)?.[0];
    if (match !== undefined) return { name: phrase, match };
  }
  return undefined;
}

function findAbuse(normal: string): Classified | undefined {
  for (const { label, pattern } of ABUSE) {
    const match = pattern.exec(normal)?.[0];
    if (match !== undefined) return abuse(label, match);
  }
  const words = normal.split(' ', FEW_WORDS + 1);
  return words.length <= FEW_WORDS && words.includes(SHORT_SPAM_WORD) ? abuse('spam', SHORT_SPAM_WORD) : undefined;
}

function findKeyword(raw: string, normal: string, joinKeywords: ReadonlySet<string>): Classified {
  if (HELP_KEYWORDS.has(normal)) return classified('help', `help ${normal}`, raw);
  if (START_KEYWORDS.has(normal)) return classified('start', `start ${normal}`, raw);
  if (joinKeywords.has(normal)) return classified('join', `join ${normal}`, raw);
  const answer = YES_WORDS.has(normal) ? 'yes' : NO_WORDS.has(normal) ? 'no' : null;
  return { ...classified('reply', null), answer, keyword: answer === 'yes' ? toKeyword(raw) : null };
}

function optOut(rule: string, match: string): Classified {
  return classified('opt_out', rule, match);
}

function abuse(label: AbuseLabel, match: string): Classified {
  return { ...classified('abuse', `abuse ${match}`, match), label };
}

function classified(kind: InboundClass, rule: string | null, match?: string): Classified {
  const keyword = match === undefined ? null : toKeyword(match);
  return { class: kind, rule, label: null, keyword, answer: null };
}

/** Without what is around the words. */
function toKeyword(match: string): string {
  const bare = match.replace(/^[^\p{L}\p{Nd}$@]+/u, '').replace(/[^\p{L}\p{Nd}$@]+$/u, '');
  return bare.slice(0, MAX_KEYWORD).toWellFormed().toUpperCase().slice(0, MAX_KEYWORD);
}
