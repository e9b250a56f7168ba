import type { Account, Directory, List } from '../../accounts/directory-types.ts';
import type { InboundText } from '../../carriers/carrier.ts';
import { appendConsents, type Classified } from '../../compliance/index.ts';
import {
  type Evidence,
  type OptOut,
  rememberSenders,
  subscribe,
  type Subscription,
  unsubscribe,
  type Withdraw,
} from '../../contacts/index.ts';
import {
  ANSWER_WITHIN_MS,
  AnswerBook,
  type AnswerKind,
  ANSWERS_WINDOW_MS,
  answerText,
  type CarrierAnswers,
  CONFIRM_WITHIN_MS,
  isOurs,
} from '../../inbound/index.ts';
import { DAY_MS } from '../../lib/clock.ts';
import { numberToPhone, phoneToNumber } from '../../lib/e164.ts';
import { hexId, type IdCodec } from '../../lib/public-id.ts';
import {
  insertInboundTexts,
  loadGivenAnswers,
  updateInboundTexts,
  type NewInboundText,
  type StoredInboundText,
} from '../../store/inbound-store.ts';
import type { SignupMethod } from '../../store/list-contact-store.ts';
import {
  deleteOptInRequests,
  loadOptInRequests,
  type OptInRequest,
  saveOptInRequests,
} from '../../store/opt-in-request-store.ts';
import type { Transaction } from '../../store/transaction.ts';
import type { Outbox, ReplyEvent } from '../../webhooks/index.ts';
import type { Accept, AcceptItem } from '../accept-types.ts';
import { LANES, SOURCES } from '../batch.ts';
import { FLAGS } from '../flags.ts';
import { createTextReader, findStopping, isOptOut, listsOfOptOut, toStoredBody } from '../opt-out-texts.ts';
import type { AcceptedMessage } from '../outbound-message.ts';

const REPLY_WINDOW_MS = 7 * DAY_MS;
/** Of an opt-out in the consent ledger, the text is evidence. */
const METHOD = 'keyword' satisfies SignupMethod;

export interface InboundDeps {
  readonly directory: Pick<Directory, 'account' | 'list' | 'listByNumber' | 'listsOf'>;
  readonly ids: Pick<IdCodec, 'encode'>;
  readonly accept: Pick<Accept, 'acceptWithin'>;
  readonly outbox: Outbox;
  readonly withdraw: Withdraw;
  readonly answersOf: (list: List) => CarrierAnswers;
}

/** A text as the event log holds it. */
export interface ArrivedText {
  readonly carrier: string;
  readonly arrivedMs: number;
  readonly text: InboundText;
}

/** A text while it is applied. */
interface Applied {
  readonly row: NewInboundText;
  readonly inReplyTo: number | null;
  readonly keyword: string | null;
  readonly yesNo: 'yes' | 'no' | null;
  readonly carrierTook: boolean;
  class: string;
  rule: string | null;
  answer: AnswerKind | null;
}

interface Scope {
  readonly deps: InboundDeps;
  readonly transaction: Transaction;
  readonly list: List;
  readonly account: Account;
  readonly nowMs: number;
  /** For the account's own systems. */
  readonly replies: ReplyEvent[];
}

/**
 * Applies texts of one list: stores each once, takes it for what it is, changes subscriptions, tells the account's systems
 * and answers, all in the caller's transaction. The texts of one number are applied one after another, in the order in
 * which they were written. Locks the ledger of consents, so nothing that takes other locks than the books may follow.
 */
export async function applyTexts(
  deps: InboundDeps,
  transaction: Transaction,
  { listId, texts, nowMs }: { readonly listId: number; readonly texts: readonly ArrivedText[]; readonly nowMs: number },
): Promise<void> {
  const list = deps.directory.list(listId);
  const account = list === undefined ? undefined : deps.directory.account(list.accountId);
  // Both are made long before a text can come; a process that does not know them yet tries again.
  if (list === undefined || account === undefined) throw new Error(`list ${listId} is not known here yet`);
  const scope: Scope = { deps, transaction, list, account, nowMs, replies: [] };
  const fresh = await store(scope, texts);
  await letGo(scope, texts, fresh);
  const answers = await answerBook(scope, fresh);
  for (const round of toRounds(fresh)) await applyRound(scope, round, answers);
  await updateInboundTexts(
    transaction,
    listId,
    fresh.filter(isChanged).map((text) => ({ ...text.row, class: text.class, rule: text.rule, answer: text.answer })),
    nowMs,
  );
  await deps.outbox.emit(transaction, account.id, scope.replies);
  await sendAnswers(scope, fresh);
}

async function store({ transaction, list, nowMs }: Scope, texts: readonly ArrivedText[]): Promise<Applied[]> {
  const read = createTextReader(list);
  const all = texts.map((arrived) => toApplied(arrived, read(arrived.text), nowMs));
  const window = { windowMs: REPLY_WINDOW_MS, simulatedFlag: FLAGS.simulated };
  const rows = all.map(({ row }) => row);
  const stored = new Map<string, StoredInboundText>(
    (await insertInboundTexts(transaction, list.id, rows, window)).map((text) => [text.id, text]),
  );
  return all
    .filter(({ row }) => stored.has(row.id))
    .map((text) => ({ ...text, inReplyTo: stored.get(text.row.id)?.inReplyTo ?? null }))
    .sort((a, b) => a.row.receivedMs - b.row.receivedMs);
}

/** Opt-outs that were applied before: their withdrawal, which began when they came once more, is over. */
async function letGo({ deps, transaction, list }: Scope, texts: readonly ArrivedText[], fresh: readonly Applied[]) {
  if (fresh.length === texts.length) return;
  const ids = new Set(fresh.map(({ row }) => row.carrierId));
  const again = texts.filter(({ text }) => !ids.has(text.id)).map(({ text }) => text);
  await deps.withdraw(transaction, findStopping(deps.directory, list.id, again));
}

function toApplied({ carrier, arrivedMs, text }: ArrivedText, told: Classified, nowMs: number): Applied {
  const row = {
    carrier,
    carrierId: text.id,
    id: hexId(nowMs),
    phone: phoneToNumber(text.from),
    body: toStoredBody(text),
    class: told.class,
    rule: told.rule,
    label: told.label,
    receivedMs: toReceivedMs(text.atMs, arrivedMs),
  };
  return {
    row,
    inReplyTo: null,
    keyword: told.keyword,
    yesNo: told.answer,
    carrierTook: text.keyword !== undefined,
    class: told.class,
    rule: told.rule,
    answer: null,
  };
}

/** Carriers that were away tell what came meanwhile, but none for longer than this. */
const MAX_LATE_MS = 7 * DAY_MS;

/**
 * When somebody wrote. A carrier's clock may be ahead of ours, and an opt-out of tomorrow would hold against today's return;
 * or it may be wrong, and an opt-out of long ago would hold against no consent since.
 */
export function toReceivedMs(atMs: number, arrivedMs: number): number {
  return atMs > arrivedMs || atMs < arrivedMs - MAX_LATE_MS ? arrivedMs : atMs;
}

function isChanged(text: Applied): boolean {
  return text.class !== text.row.class || text.answer !== null;
}

/** The n-th text of each number, for every n: in one round a number has one text. */
function toRounds(texts: readonly Applied[]): Applied[][] {
  const rounds: Applied[][] = [];
  const seen = new Map<number, number>();
  for (const text of texts) {
    const turn = seen.get(text.row.phone) ?? 0;
    seen.set(text.row.phone, turn + 1);
    const round = rounds[turn];
    if (round === undefined) rounds[turn] = [text];
    else round.push(text);
  }
  return rounds;
}

async function applyRound(scope: Scope, texts: readonly Applied[], answers: AnswerBook): Promise<void> {
  const { list } = scope;
  const requests = await understandYes(scope, texts);
  const optOuts = texts.filter((text) => isOptOut(scope.account, text.class));
  await applyOptOuts(scope, optOuts);
  // A number that is not used any more still counts opt-outs, and nothing else.
  if (list.status !== 'deleted') {
    const asks = await findAsks(scope, texts);
    const subscribers = texts.filter(
      (text) => !asks.includes(text) && (text.class === 'start' || text.class === 'join'),
    );
    await applySubscribers(scope, subscribers, requests);
    const others = texts.filter((text) => ![optOuts, asks, subscribers].some((group) => group.includes(text)));
    await rememberSenders(scope.transaction, others.map(toSender(list.id)), scope.nowMs);
    for (const text of others) if (text.class === 'help') text.answer = 'help';
    if (scope.deps.outbox.wants(scope.account.id, 'reply')) {
      scope.replies.push(...others.filter((text) => text.class !== 'help').map((text) => toReplyEvent(scope, text)));
    }
  }
  for (const text of texts) if (!mayAnswer(scope, text, answers)) text.answer = null;
}

/** A yes of a number that was asked confirms; one of a number that opted out brings it back. Returns open questions. */
async function understandYes(
  { transaction, list, nowMs }: Scope,
  texts: readonly Applied[],
): Promise<ReadonlyMap<number, OptInRequest>> {
  const yesses = texts.filter((text) => text.yesNo === 'yes');
  if (yesses.length === 0 || list.status === 'deleted') return new Map();
  const phones = yesses.map(({ row }) => row.phone);
  const asked = await loadOptInRequests(transaction, list.id, phones, nowMs - CONFIRM_WITHIN_MS);
  const requests = new Map(asked.map((request) => [request.phone, request]));
  const contacts = await rememberSenders(transaction, yesses.map(toSender(list.id)), nowMs);
  for (const [index, text] of yesses.entries()) {
    const contact = contacts[index];
    const isUnsubscribed = contact?.active === false && contact.reason !== 'no_consent';
    if (!requests.has(text.row.phone) && !isUnsubscribed) continue;
    text.class = 'start';
    text.rule = 'start yes';
  }
  return requests;
}

function toSender(listId: number): (text: Applied) => { listId: number; phone: number; atMs: number } {
  return ({ row }) => ({ listId, phone: row.phone, atMs: row.receivedMs });
}

function toEvidence({ row, keyword }: Applied): Evidence {
  return { text: row.body, keyword };
}

async function applyOptOuts(scope: Scope, texts: readonly Applied[]): Promise<void> {
  if (texts.length === 0) return;
  const { transaction, nowMs, list, deps } = scope;
  const listIds = listsOfOptOut(deps.directory, list, scope.account);
  const optOuts = texts.flatMap((text) =>
    listIds.map((listId): OptOut => ({
      accountId: list.accountId,
      listId,
      phone: text.row.phone,
      reason: 'message',
      atMs: text.row.receivedMs,
      evidence: toEvidence(text),
      whenUnknown: listId === list.id ? 'create' : 'hold',
    })),
  );
  const phones = texts.map(({ row }) => row.phone);
  await deleteOptInRequests(transaction, listIds, phones);
  const changed = await unsubscribe(deps, transaction, optOuts, nowMs);
  const ended = new Set(changed.filter((optOut) => optOut.listId === list.id).map((optOut) => optOut.phone));
  for (const text of texts) if (ended.has(text.row.phone)) text.answer = 'stop';
}

/** Joins of numbers that are not subscribed, on a list that wants a YES: they are asked. */
async function findAsks(scope: Scope, texts: readonly Applied[]): Promise<Applied[]> {
  const { transaction, list, nowMs } = scope;
  const joins = list.settings.doubleOptIn ? texts.filter((text) => text.class === 'join') : [];
  if (joins.length === 0) return [];
  const contacts = await rememberSenders(transaction, joins.map(toSender(list.id)), nowMs);
  const asks = joins.filter((_, index) => contacts[index]?.active === false);
  await saveOptInRequests(
    transaction,
    list.id,
    asks.map((text) => ({
      phone: text.row.phone,
      askedMs: nowMs,
      asks: 1,
      method: METHOD,
      evidence: { text: text.row.body, keyword: text.keyword },
      customFields: {},
    })),
  );
  await appendConsents(
    transaction,
    asks.map((text) => ({
      ...toEvidence(text),
      accountId: list.accountId,
      listId: list.id,
      phone: text.row.phone,
      kind: 'opt_in_pending' as const,
      atMs: text.row.receivedMs,
      source: METHOD,
    })),
    nowMs,
  );
  for (const text of asks) text.answer = 'confirm';
  return asks;
}

async function applySubscribers(
  scope: Scope,
  texts: readonly Applied[],
  requests: ReadonlyMap<number, OptInRequest>,
): Promise<void> {
  if (texts.length === 0) return;
  const { transaction, nowMs, list, deps } = scope;
  const subscriptions = texts.map((text): Subscription => {
    const request = requests.get(text.row.phone);
    return {
      accountId: list.accountId,
      listId: list.id,
      phone: text.row.phone,
      method: (request?.method as SignupMethod | undefined) ?? METHOD,
      consentMs: text.row.receivedMs,
      atMs: text.row.receivedMs,
      evidence: { ...request?.evidence, ...toEvidence(text) },
      isConsent: true,
      customFields: request === undefined ? undefined : { fields: request.customFields, replace: false },
    };
  });
  await deleteOptInRequests(transaction, [list.id], [...requests.keys()]);
  const results = await subscribe(deps, transaction, subscriptions, nowMs);
  for (const [index, text] of texts.entries()) if (results[index]?.isNewlyActive === true) text.answer = 'start';
}

function toReplyEvent({ deps, list }: Scope, { row, class: kind, inReplyTo, yesNo }: Applied): ReplyEvent {
  return {
    event: 'reply',
    replyId: row.id,
    phone: row.phone,
    listNumber: list.number,
    body: row.body,
    inReplyTo: inReplyTo === null ? null : { number: inReplyTo, messageId: deps.ids.encode(inReplyTo) },
    kind: kind === 'reaction' || kind === 'abuse' ? kind : yesNo === null ? 'text' : 'yes_no',
    label: row.label,
    atMs: row.receivedMs,
  };
}

/** Classes that can have an answer; a yes may turn out to be a start. */
const ANSWERED: ReadonlySet<string> = new Set(['opt_out', 'abuse', 'help', 'start', 'join']);

async function answerBook({ transaction, list, nowMs }: Scope, texts: readonly Applied[]): Promise<AnswerBook> {
  const phones = texts.filter((text) => ANSWERED.has(text.class) || text.yesNo === 'yes').map(({ row }) => row.phone);
  const book = new AnswerBook();
  for (const given of await loadGivenAnswers(transaction, list.id, phones, nowMs - ANSWERS_WINDOW_MS)) {
    book.note(given.phone, given.answer, given.answeredMs);
  }
  return book;
}

function mayAnswer({ deps, list, nowMs }: Scope, { row, answer, carrierTook }: Applied, answers: AnswerBook): boolean {
  if (answer === null || list.status === 'deleted' || nowMs - row.receivedMs > ANSWER_WITHIN_MS) return false;
  // Two lists would answer each other for ever.
  if (deps.directory.listByNumber(numberToPhone(row.phone)) !== undefined) return false;
  if (!isOurs(answer, list, deps.answersOf(list), { body: row.body, carrierTook })) return false;
  if (!answers.mayAnswer(row.phone, answer, nowMs)) return false;
  answers.note(row.phone, answer, nowMs);
  return true;
}

/** Answers go the way of all messages, on the fastest lane; they are exempt from what stops others. */
async function sendAnswers({ deps, transaction, list, account }: Scope, texts: readonly Applied[]): Promise<void> {
  const items = texts.flatMap(({ row, answer }): AcceptItem[] => {
    if (answer === null) return [];
    const message: AcceptedMessage = {
      to: numberToPhone(row.phone),
      body: answerText(answer, list, account),
      category: 'transactional',
      skip_affixes: true,
      skip_duplicate_check: true,
      skip_rate_limit: true,
      skip_contact_validation: true,
      skip_journey_check: true,
    };
    return [{ listId: list.id, lane: LANES.express, dueMs: 0, json: JSON.stringify(message) }];
  });
  await deps.accept.acceptWithin(transaction, SOURCES.system, false, items);
}
