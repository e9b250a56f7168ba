import type { Account, List } from '../accounts/index.ts';
import { appendConsent } from '../compliance/index.ts';
import {
  type Evidence,
  rememberSenders,
  subscribe,
  type Subscribed,
  type SubscriptionDeps,
} from '../contacts/index.ts';
import { answerText, CONFIRM_WITHIN_MS } from '../inbound/index.ts';
import { MINUTE_MS } from '../lib/clock.ts';
import { numberToPhone } from '../lib/e164.ts';
import type { Accept } from '../pipeline/accept-types.ts';
import { LANES, SOURCES } from '../pipeline/batch.ts';
import type { AcceptedMessage } from '../pipeline/outbound-message.ts';
import { saveProfiles } from '../store/account-contact-store.ts';
import { readContactIds } from '../store/contact-store.ts';
import { loadOptInRequests, saveOptInRequests } from '../store/opt-in-request-store.ts';
import type { Transaction } from '../store/transaction.ts';
import type { OptInStatus } from './opt-in-fields.ts';

const METHOD = 'optin';
/** A number is asked for its YES once in so long, however often a form is sent. */
const ASK_PAUSE_MS = 10 * MINUTE_MS;
/** And so often until it answers or the question is forgotten, because anybody can write any number into a form. */
const MAX_ASKS = 3;

/** A person's wish to get texts of a list, by a form. */
export interface OptIn {
  readonly account: Account;
  readonly list: List;
  readonly phone: number;
  readonly consentMs: number;
  readonly evidence: Evidence;
  readonly doubleOptIn: boolean;
  readonly firstName: string | null;
  readonly lastName: string | null;
  readonly email: string | null;
  readonly customFields: Readonly<Record<string, unknown>>;
}

export interface RecordedOptIn {
  readonly consentId: string;
  readonly contactId: string;
  readonly listContactId: string;
  readonly status: OptInStatus;
}

export interface RecordDeps extends SubscriptionDeps {
  readonly accept: Pick<Accept, 'acceptWithin'>;
}

/**
 * Writes the consent down and subscribes the number, or asks it by text for its YES. An opt-out that is newer than the
 * consent holds. Locks the ledger: nothing that takes other locks may follow in the transaction.
 */
export async function recordOptIn(
  deps: RecordDeps,
  transaction: Transaction,
  optIn: OptIn,
  nowMs: number,
): Promise<RecordedOptIn> {
  const { account, phone, firstName, lastName, email } = optIn;
  const profile = { phone, firstName, lastName, email, timezone: null, validationStatus: null };
  const says = firstName !== null || lastName !== null || email !== null;
  if (says) await saveProfiles(transaction, account.id, [profile]);
  const done =
    (await askFirst(deps, transaction, optIn, nowMs)) ?? (await subscribeNow(deps, transaction, optIn, nowMs));
  const ids = await readContactIds(transaction, [phone]);
  return { ...done, contactId: ids.get(phone) ?? '' };
}

type Done = Omit<RecordedOptIn, 'contactId'>;

/** Undefined: there is nothing to ask. */
async function askFirst(
  { accept }: RecordDeps,
  transaction: Transaction,
  { account, list, phone, consentMs, evidence, doubleOptIn, customFields }: OptIn,
  nowMs: number,
): Promise<Done | undefined> {
  if (!doubleOptIn) return undefined;
  const [contact] = await rememberSenders(transaction, [{ listId: list.id, phone, atMs: consentMs }], nowMs);
  if (contact === undefined || contact.active || consentMs <= (contact.unsubscribedMs ?? 0)) return undefined;
  const [asked] = await loadOptInRequests(transaction, list.id, [phone], nowMs - CONFIRM_WITHIN_MS);
  const asksNow = asked === undefined || (asked.asks < MAX_ASKS && asked.askedMs <= nowMs - ASK_PAUSE_MS);
  const request = {
    phone,
    askedMs: asksNow ? nowMs : asked.askedMs,
    asks: (asked?.asks ?? 0) + (asksNow ? 1 : 0),
    method: METHOD,
    evidence: toTexts(evidence),
    customFields,
  };
  await saveOptInRequests(transaction, list.id, [request]);
  if (asksNow) await ask(accept, transaction, account, list, phone);
  const consent = { ...evidence, accountId: account.id, listId: list.id, phone, atMs: consentMs };
  const consentId = await appendConsent(
    transaction,
    { ...consent, kind: 'opt_in_pending', source: evidence.source ?? METHOD },
    nowMs,
  );
  return { consentId, listContactId: contact.id, status: 'pending_confirmation' };
}

/** What is not said is left out. */
function toTexts(evidence: Evidence): Record<string, string> {
  return Object.fromEntries(
    Object.entries(evidence).filter((entry): entry is [string, string] => typeof entry[1] === 'string'),
  );
}

/** By a system message, as automatic answers go. */
async function ask(
  accept: RecordDeps['accept'],
  transaction: Transaction,
  account: Account,
  list: List,
  phone: number,
): Promise<void> {
  const message: AcceptedMessage = {
    to: numberToPhone(phone),
    body: answerText('confirm', list, account),
    category: 'transactional',
    skip_affixes: true,
    skip_duplicate_check: true,
    skip_rate_limit: true,
    skip_contact_validation: true,
    skip_journey_check: true,
  };
  const item = { listId: list.id, lane: LANES.express, dueMs: 0, json: JSON.stringify(message) };
  await accept.acceptWithin(transaction, SOURCES.system, false, [item]);
}

async function subscribeNow(
  deps: RecordDeps,
  transaction: Transaction,
  { account, list, phone, consentMs, evidence, customFields }: OptIn,
  nowMs: number,
): Promise<Done> {
  const [result] = await subscribe(
    deps,
    transaction,
    [
      {
        accountId: account.id,
        listId: list.id,
        phone,
        method: METHOD,
        consentMs,
        evidence,
        isConsent: true,
        customFields: { fields: customFields, replace: false },
      },
    ],
    nowMs,
  );
  const { contact, consentId } = result as Subscribed;
  return {
    consentId: consentId ?? '',
    listContactId: contact.id,
    status: contact.active ? 'subscribed' : 'still_unsubscribed',
  };
}
