import type { Account, Directory, List } from '../accounts/directory-types.ts';
import type { InboundText } from '../carriers/carrier.ts';
import { classifyInbound, toNormalForm, type Classified } from '../compliance/index.ts';
import { phoneToNumber } from '../lib/e164.ts';
import type { Stopped } from '../store/withdrawal-link.ts';

const CARRIER_CLASSES = { stop: 'opt_out', start: 'start', help: 'help' } as const;

/** The text as it is stored: the database has no room for U+0000. */
export function toStoredBody({ text }: InboundText): string {
  return text.toWellFormed().replaceAll('\u0000', '\uFFFD');
}

/** @returns what texts to the list are taken for */
export function createTextReader({ settings }: List): (text: InboundText) => Classified {
  const joinKeywords = new Set(settings.joinKeywords.map(toNormalForm));
  return (text) => tellOf(text, classifyInbound(toStoredBody(text), joinKeywords));
}

/** What the carrier took a text for counts: it has acted by it already. But what we take for an opt-out stays one. */
function tellOf({ keyword, text }: InboundText, classified: Classified): Classified {
  if (keyword === undefined || classified.class === CARRIER_CLASSES[keyword]) return classified;
  if (keyword !== 'stop' && (classified.class === 'opt_out' || classified.class === 'abuse')) return classified;
  const word = text.trim().toUpperCase().slice(0, 160);
  return { class: CARRIER_CLASSES[keyword], rule: `carrier ${keyword}`, label: null, keyword: word, answer: null };
}

export function isOptOut({ settings }: Account, textClass: string): boolean {
  return textClass === 'opt_out' || (textClass === 'abuse' && settings.abuseWordsMode === 'stop');
}

/** Lists that an opt-out by text ends, in order, as all who lock rows of several lists take them. */
export function listsOfOptOut(directory: Pick<Directory, 'listsOf'>, list: List, account: Account): number[] {
  const reach = list.settings.optoutScope ?? account.settings.optoutScope;
  if (reach === 'list') return [list.id];
  const others = directory.listsOf(account.id).filter((other) => other.status !== 'deleted');
  return [...new Set([list.id, ...others.map((other) => other.id)])].sort((a, b) => a - b);
}

/** What texts that came just now will stop when they are applied. Parts of a text tell nothing alone. */
export function findStopping(
  directory: Pick<Directory, 'account' | 'list' | 'listsOf'>,
  listId: number,
  texts: readonly InboundText[],
): Stopped[] {
  if (texts.length === 0) return [];
  const list = directory.list(listId);
  const account = list === undefined ? undefined : directory.account(list.accountId);
  if (list === undefined || account === undefined) return [];
  const read = createTextReader(list);
  const stopping = texts.filter((text) => text.part === undefined && isOptOut(account, read(text).class));
  if (stopping.length === 0) return [];
  const listIds = listsOfOptOut(directory, list, account);
  const phones = new Set(stopping.map(({ from }) => phoneToNumber(from)));
  return [...phones].flatMap((phone) => listIds.map((each) => ({ listId: each, phone })));
}
