import type { Account, Directory, List } from '../accounts/directory-types.ts';
import { type OptOut, type OptOutDeps, type OptOutReason, unsubscribe } from '../contacts/index.ts';
import { toWallTime } from '../lib/wall-clock.ts';
import { lockComplaintWatch, saveComplaintWatch } from '../store/complaint-watch-store.ts';
import { phoneFacts } from '../phone/index.ts';
import { insertContacts, markInvalid } from '../store/contact-store.ts';
import { lockListContacts } from '../store/list-contact-store.ts';
import { countInStates, moveCounts } from '../store/message-count-store.ts';
import { loadMessageFacts } from '../store/message-store.ts';
import { loadSoftFailures } from '../store/soft-failure-store.ts';
import { afterCommit, type Transaction } from '../store/transaction.ts';
import type { Stopped } from '../store/withdrawal-link.ts';
import { guardComplaint } from './complaint-guard.ts';
import { FLAGS, hasFlag } from './flags.ts';
import { MESSAGE_STATES as S } from './message-state.ts';

/** Words of failures that say something about the recipient, by what they end a subscription with. */
const REASONS = {
  REJECTED_SPAM: 'complaint',
  REJECTED_OPTED_OUT: 'message',
  REJECTED_DESTINATION: 'invalid_contact',
  REJECTED_ABSENT_SUBSCRIBER: 'bad_response',
  REJECTED_OPERATOR: 'bad_response',
} as const satisfies Record<string, OptOutReason>;

type FailureWord = keyof typeof REASONS;

/** Those that end it only when they repeat. */
const SOFT_WORDS = ['REJECTED_ABSENT_SUBSCRIBER', 'REJECTED_OPERATOR'] as const;
const MIN_DAYS = 2;

const SOFT_FAILURES = {
  delivered: S.delivered,
  failed: [S.undelivered, S.failed],
  details: SOFT_WORDS,
  withoutFlags: FLAGS.simulated,
};

/** States of messages of which the carrier, or its silence, has said the last word. */
const FINISHED = [S.unknown, S.delivered, S.undelivered, S.failed];

/** What a transaction made of a message. */
export interface EndedMessage {
  readonly number: number;
  readonly state: number;
  readonly detail: string | null;
}

/** A message that ended with one of these words. */
export interface Failure {
  readonly number: number;
  readonly word: FailureWord;
  /** How many messages of the list the transaction ended up to it, itself included. */
  readonly place: number;
}

/** What one transaction has moved on one list. */
export interface Moved {
  readonly listId: number;
  /** How the books move. */
  readonly moves: ReadonlyMap<number, number>;
  readonly failures: readonly Failure[];
}

/** The failures among messages whose state changed, which are to be given in order. Costs a look at each. */
export function findFailures(...groups: readonly Iterable<EndedMessage>[]): Failure[] {
  const failures: Failure[] = [];
  let place = 0;
  for (const group of groups) {
    for (const { number, state, detail } of group) {
      if (state === S.delivered || state === S.undelivered || state === S.failed) place++;
      if ((state !== S.undelivered && state !== S.failed) || detail === null || !isWord(detail)) continue;
      failures.push({ number, word: detail, place });
    }
  }
  return failures;
}

function isWord(detail: string): detail is FailureWord {
  return Object.hasOwn(REASONS, detail);
}

/** What failures do to the contacts that they happened to. */
export interface ContactEffects {
  /**
   * To be called in the transaction that writes the messages' states, after it, and before the books are moved. Without
   * failures it costs nothing. Locks, in this order: complaint watches by list, contacts, list contacts, the ledger of
   * consents.
   * @param others list contacts that the transaction changes afterwards: they are locked with the rest, because the ledger
   *   comes after all of them
   */
  apply(transaction: Transaction, moved: readonly Moved[], nowMs: number, others?: readonly Stopped[]): Promise<void>;
}

export interface ContactEffectsDeps extends OptOutDeps {
  readonly directory: Pick<Directory, 'account' | 'list'>;
  /** So many messages of the list were called spam that this ends no subscriptions until then; after the commit. */
  readonly onComplaints?: ((list: List, untilMs: number) => void) | undefined;
}

/**
 * Ends a transaction that moved messages: contacts, then the books, list by list. Nothing that takes other locks than the
 * books may follow.
 */
export async function conclude(
  transaction: Transaction,
  contactEffects: ContactEffects,
  moved: readonly Moved[],
  nowMs: number,
): Promise<void> {
  await contactEffects.apply(transaction, moved, nowMs);
  await moveBooks(transaction, moved);
}

export async function moveBooks(transaction: Transaction, moved: readonly Moved[]): Promise<void> {
  for (const { listId, moves } of moved.toSorted((a, b) => a.listId - b.listId)) {
    await moveCounts(transaction, listId, moves);
  }
}

/** A failure with whom it happened to. */
interface Affected extends Failure {
  readonly list: List;
  readonly account: Account;
  readonly phone: number;
}

/**
 * Ends the subscriptions of people whose carrier refuses texts for them: at once when they complained, opted out at the
 * carrier or the number does not exist, and when it was not reached several times in a row. Messages of the sandbox touch
 * nobody.
 */
export function createContactEffects(deps: ContactEffectsDeps): ContactEffects {
  return {
    async apply(transaction, moved, nowMs, others = []) {
      const withFailures = moved.filter(({ failures }) => failures.length > 0).sort((a, b) => a.listId - b.listId);
      if (withFailures.length === 0 && others.length === 0) return;
      const affected: Affected[] = [];
      for (const one of withFailures) affected.push(...(await findAffected(deps, transaction, one)));
      const complaints = await guardComplaints(deps, transaction, affected, nowMs);
      const ofWord = (...words: readonly FailureWord[]) => affected.filter(({ word }) => words.includes(word));
      const invalid = ofWord('REJECTED_DESTINATION');
      const said = [...complaints, ...ofWord('REJECTED_OPTED_OUT')];
      const soft = ofWord(...SOFT_WORDS);
      const phones = new Set([...said, ...others].map(({ phone }) => phone));
      await insertContacts(transaction, [...phones].map(phoneFacts), nowMs);
      await markInvalid(
        transaction,
        invalid.map(({ phone }) => phone),
      );
      const hard = [...said, ...invalid];
      const active = await lockContacts(transaction, [...[...hard, ...soft].map(toStopped), ...others]);
      const unreachable = await findUnreachable(
        transaction,
        soft.filter((failure) => active.has(toKey(failure))),
      );
      const ended = [...hard, ...unreachable];
      await unsubscribe(deps, transaction, toOptOuts(ended, nowMs), nowMs);
    },
  };
}

async function findAffected(
  { directory }: ContactEffectsDeps,
  transaction: Transaction,
  { listId, failures }: Moved,
): Promise<Affected[]> {
  const list = directory.list(listId);
  const account = list === undefined ? undefined : directory.account(list.accountId);
  // Both were made long before a message could fail; a process that does not know them yet tries again.
  if (list === undefined || account === undefined) throw new Error(`list ${listId} is not known here yet`);
  const numbers = failures.map(({ number }) => number);
  const facts = new Map((await loadMessageFacts(transaction, listId, numbers)).map((one) => [one.number, one]));
  return failures.flatMap((failure) => {
    const message = facts.get(failure.number);
    if (message === undefined || hasFlag(message.flags, 'simulated')) return [];
    return [{ ...failure, list, account, phone: message.phone }];
  });
}

/** The complaints that count. */
async function guardComplaints(
  deps: ContactEffectsDeps,
  transaction: Transaction,
  affected: readonly Affected[],
  nowMs: number,
): Promise<Affected[]> {
  const counting: Affected[] = [];
  const complaints = affected.filter(({ word }) => word === 'REJECTED_SPAM');
  for (const [list, own] of byList(complaints)) {
    let watch = await lockComplaintWatch(transaction, list.id);
    const finished = await countInStates(transaction, list.id, FINISHED);
    for (const complaint of own) {
      const verdict = guardComplaint(watch, finished + complaint.place, nowMs);
      watch = verdict.watch;
      if (!verdict.isGuarded) counting.push(complaint);
      if (!verdict.hasTripped) continue;
      const untilMs = watch.guardedUntilMs;
      afterCommit(transaction, () => deps.onComplaints?.(list, untilMs));
    }
    await saveComplaintWatch(transaction, list.id, watch);
  }
  return counting;
}

/**
 * Locks the list contacts that there are, list by list, before failures are counted: of two transactions that write
 * failures of one number the second sees those of the first.
 * @returns keys of those that are active
 */
async function lockContacts(transaction: Transaction, keys: readonly Stopped[]): Promise<ReadonlySet<string>> {
  const active = new Set<string>();
  for (const listId of [...new Set(keys.map((key) => key.listId))].sort((a, b) => a - b)) {
    const phones = keys.filter((key) => key.listId === listId).map(({ phone }) => phone);
    const contacts = await lockListContacts(transaction, listId, [...new Set(phones)]);
    for (const contact of contacts) if (contact.active) active.add(`${listId} ${contact.phone}`);
  }
  return active;
}

function toStopped({ list, phone }: Affected): Stopped {
  return { listId: list.id, phone };
}

function toKey({ list, phone }: Pick<Affected, 'list' | 'phone'>): string {
  return `${list.id} ${phone}`;
}

function phonesOf(affected: readonly Affected[]): number[] {
  return [...new Set(affected.map(({ phone }) => phone))];
}

/** Soft failures that are one too many for their number. */
async function findUnreachable(transaction: Transaction, soft: readonly Affected[]): Promise<Affected[]> {
  const unreachable: Affected[] = [];
  for (const [list, own] of byList(soft)) {
    const times = new Map<number, number[]>();
    for (const { phone, atMs } of await loadSoftFailures(transaction, list.id, phonesOf(own), SOFT_FAILURES)) {
      times.set(phone, [...(times.get(phone) ?? []), atMs]);
    }
    unreachable.push(...own.filter(({ phone, account }) => isTooOften(times.get(phone) ?? [], account)));
  }
  return unreachable;
}

/** Days are those of the account's clocks, which an evening's campaign does not span. */
function isTooOften(timesMs: readonly number[], { settings }: Account): boolean {
  if (timesMs.length < settings.softFailureThreshold) return false;
  const days = new Set(timesMs.map((atMs) => toWallTime(settings.timezone ?? 'UTC', atMs).day));
  return days.size >= MIN_DAYS;
}

function byList(affected: readonly Affected[]): Map<List, Affected[]> {
  const groups = new Map<List, Affected[]>();
  for (const one of affected) {
    const group = groups.get(one.list);
    if (group === undefined) groups.set(one.list, [one]);
    else group.push(one);
  }
  return groups;
}

/** One a list and number: of several failures the first. */
function toOptOuts(ended: readonly Affected[], nowMs: number): OptOut[] {
  const optOuts = new Map<string, OptOut>();
  for (const failure of ended) {
    const { list, account, phone, word } = failure;
    const key = toKey(failure);
    if (optOuts.has(key)) continue;
    const reason = REASONS[word];
    // What people said holds against whoever adds the number later; what a network said is about the number as it is.
    const whenUnknown = reason === 'complaint' || reason === 'message' ? 'create' : 'ignore';
    const evidence = { actor: 'carrier' };
    optOuts.set(key, { accountId: account.id, listId: list.id, phone, reason, atMs: nowMs, evidence, whenUnknown });
  }
  return [...optOuts.values()];
}
