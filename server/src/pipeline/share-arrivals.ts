import { hash } from 'node:crypto';
import type { List } from '../accounts/directory-types.ts';
import type { CallbackContent, CarrierEvents, CarrierReport, InboundText } from '../carriers/carrier.ts';
import { isE164, isListNumber, normaliseCarrierNumber } from '../lib/e164.ts';
import { isCleanText } from '../lib/fields.ts';

/**
 * Shares out what a carrier said. An event goes to the lists that have the number it names; one that names none of theirs
 * goes to all of them: a report finds its message in one of them only, and an opt-out must not be lost. Strays are left
 * out. What no database takes is told in another form, because a text that cannot be stored would be lost.
 */
export function shareArrivals({ reports, inbound }: CallbackContent, lists: readonly List[]): CarrierEvents[] {
  const byList = new Map<number, { reports: CarrierReport[]; inbound: InboundText[] }>();
  function eventsOf(listId: number): { reports: CarrierReport[]; inbound: InboundText[] } {
    const known = byList.get(listId);
    if (known !== undefined) return known;
    const events = { reports: [], inbound: [] };
    byList.set(listId, events);
    return events;
  }
  for (const { ownNumber, ...report } of reports) {
    const named = listsOfNumber(lists, ownNumber);
    const told = toStorable(named.length > 1 ? { ...report, isShared: true } : report);
    for (const list of named) eventsOf(list.id).reports.push(told);
  }
  for (const text of inbound) {
    const from = normaliseCarrierNumber(text.from);
    // Senders that are no phone number, such as names, cannot be answered and have nothing to opt out of.
    if (!isE164(from) || isStray(text, lists)) continue;
    for (const list of listsOfNumber(lists, text.to)) {
      eventsOf(list.id).inbound.push({ ...text, id: toKey(text.id), from, to: list.number });
    }
  }
  return [...byList].map(([listId, events]) => ({ listId, ...events }));
}

const MAX_KEY = 255;

/** Ids are keys in the database, which takes no U+0000 and no key of some 2,700 bytes. */
function toKey(id: string): string {
  return id.length <= MAX_KEY && isCleanText(id) ? id : hash('sha256', JSON.stringify(id));
}

function toStorable(report: CarrierReport): CarrierReport {
  const { messageId, carrierId, code, detail, about } = report;
  const texts = [messageId, carrierId, code, detail, about?.textStart];
  if (texts.every((text) => text === null || text === undefined || toKey(text) === text)) return report;
  return {
    ...report,
    messageId: messageId === null ? null : toKey(messageId),
    carrierId: carrierId === null ? null : toKey(carrierId),
    code: toWord(code),
    detail: toWord(detail),
    ...(about === undefined ? {} : { about: { ...about, textStart: toWord(about.textStart) ?? '' } }),
  };
}

function toWord(text: string | null): string | null {
  return text === null ? null : text.slice(0, MAX_KEY).toWellFormed().replaceAll('\u0000', '\uFFFD');
}

/** A text that names a number plainly, and that is no list of these. */
export function isStray({ to }: Pick<InboundText, 'to'>, lists: readonly List[]): boolean {
  return isListNumber(normaliseCarrierNumber(to)) && namedLists(lists, to).length === 0;
}

function listsOfNumber(lists: readonly List[], number: string | null): readonly List[] {
  if (number === null || lists.length === 1) return lists;
  const named = namedLists(lists, number);
  return named.length === 0 ? lists : named;
}

/** Fewer digits than a national number has tell nothing. */
const NATIONAL_DIGITS = 7;

/** By the whole number, else by the national part of it, which some carriers write alone. */
function namedLists(lists: readonly List[], number: string): readonly List[] {
  const normal = normaliseCarrierNumber(number);
  const named = lists.filter((list) => list.number === normal);
  const digits = number.replace(/^[\s0]+|\s+$/g, '');
  if (named.length > 0 || !/^[0-9]+$/.test(digits) || digits.length < NATIONAL_DIGITS) return named;
  return lists.filter((list) => list.number.startsWith('+') && list.number.endsWith(digits));
}
