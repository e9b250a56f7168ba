import { appendConsents, type ConsentEntry } from '../compliance/index.ts';
import type { CustomFields, ListContactState, SignupMethod, StoredListContact } from '../store/list-contact-store.ts';
import type { Transaction } from '../store/transaction.ts';
import type { ResubscribeEvent } from '../webhooks/index.ts';
import { changeListContacts } from './change-list-contacts.ts';
import type { Evidence } from './evidence.ts';
import { emitSubscriptionEvents, type SubscriptionDeps, type SubscriptionEvent } from './subscription-deps.ts';
import { phoneFacts } from '../phone/index.ts';
import { insertContacts, type NewContact } from '../store/contact-store.ts';

/** A number that shall be on a list, with what the account wants stored of it. */
export interface Subscription {
  readonly accountId: string;
  readonly listId: number;
  readonly phone: number;
  readonly method: SignupMethod;
  /**
   * When the number consented, if that was said: only a consent newer than an opt-out ends it. null: nothing was said; a
   * new list contact then has consented now.
   */
  readonly consentMs: number | null;
  /** When the number said so; default: now. */
  readonly atMs?: number | undefined;
  readonly evidence: Evidence;
  /** The consent is recorded also when the number is active on the list already; never while it is not. Default false. */
  readonly isConsent?: boolean | undefined;
  readonly customFields?: FieldsPatch | undefined;
  /** null: stays as it is. */
  readonly adNetworkSource?: string | null | undefined;
  readonly adNetworkId?: string | null | undefined;
  /** Default: what the number tells. */
  readonly facts?: NewContact | undefined;
}

export interface FieldsPatch {
  /** A null takes its key away. */
  readonly fields: CustomFields;
  /** The fields replace all that are stored. */
  readonly replace: boolean;
}

/** What became of a subscription. */
export interface Subscribed {
  readonly contact: StoredListContact;
  readonly isNewPhone: boolean;
  readonly isNewListContact: boolean;
  /** It became active now: it is new, had opted out before, or had never consented. */
  readonly isNewlyActive: boolean;
  /** It had opted out before and is subscribed again. */
  readonly isResubscribed: boolean;
  /** Of the record in the ledger of consents; null: none was made. */
  readonly consentId: string | null;
}

export interface SubscribeOptions {
  /** Awaited before the ledger is locked, for who has several transactions under way and an order for them. */
  readonly turn?: (() => Promise<void>) | undefined;
  /** `number` of the job that puts them on the list. */
  readonly importNumber?: number | undefined;
}

/**
 * Puts numbers on lists, or changes what is stored of those that are. Opt-outs hold: a list contact that opted out becomes
 * active only by a consent that is newer. Names and zones are stored elsewhere (`saveProfiles`). Who becomes active is
 * told to webhooks, and each consent recorded in the ledger, in the same transaction, so call this after everything else
 * that takes locks. At most one subscription a list and number.
 * @returns one result a subscription, in order
 */
export async function subscribe(
  deps: SubscriptionDeps,
  transaction: Transaction,
  subscriptions: readonly Subscription[],
  nowMs: number,
  { turn = async () => {}, importNumber }: SubscribeOptions = {},
): Promise<Subscribed[]> {
  const newPhones = await insertContacts(
    transaction,
    subscriptions.map((subscription) => subscription.facts ?? phoneFacts(subscription.phone)),
    nowMs,
  );
  const changes = await changeListContacts(
    transaction,
    subscriptions,
    (subscription, before) => decide(subscription, before, nowMs),
    nowMs,
    importNumber,
  );
  const consents: ConsentEntry[] = [];
  const consentPlaces = new Map<number, number>();
  const events: SubscriptionEvent<ResubscribeEvent>[] = [];
  const results = subscriptions.map((subscription, index): Subscribed => {
    const { before = null, after = null } = changes[index] ?? {};
    if (after === null) throw new Error('a subscription left no list contact');
    const isNewlyActive = after.active && before?.active !== true;
    const isResubscribed = isNewlyActive && before !== null && before.reason !== 'no_consent';
    if (isNewlyActive || (after.active && subscription.isConsent === true)) {
      consentPlaces.set(index, consents.push(toConsent(subscription, isResubscribed, nowMs)) - 1);
    }
    // An import is no act of the person, and would be told a million times.
    if (isNewlyActive && subscription.method !== 'import') events.push(toEvent(subscription, nowMs));
    return {
      contact: after,
      isNewPhone: newPhones.has(subscription.phone),
      isNewListContact: before === null,
      isNewlyActive,
      isResubscribed,
      consentId: null,
    };
  });
  await turn();
  await emitSubscriptionEvents<ResubscribeEvent>(deps, transaction, events);
  const consentIds = await appendConsents(transaction, consents, nowMs);
  return results.map((result, index) => {
    const place = consentPlaces.get(index);
    return place === undefined ? result : { ...result, consentId: consentIds[place] ?? null };
  });
}

/** The list contact that a subscription makes where there was none. */
export function toNewListContact(subscription: Subscription, nowMs: number): ListContactState {
  const { customFields } = subscription;
  return {
    listId: subscription.listId,
    phone: subscription.phone,
    active: true,
    reason: null,
    unsubscribedMs: null,
    signupMs: subscription.consentMs ?? nowMs,
    signupMethod: subscription.method,
    adNetworkSource: subscription.adNetworkSource ?? null,
    adNetworkId: subscription.adNetworkId ?? null,
    customFields: customFields === undefined ? NO_FIELDS : patchFields(NO_FIELDS, customFields),
  };
}

const NO_FIELDS: CustomFields = Object.freeze({});

function decide(
  subscription: Subscription,
  before: StoredListContact | null,
  nowMs: number,
): ListContactState | undefined {
  const { method, consentMs } = subscription;
  if (before === null) return toNewListContact(subscription, nowMs);
  const signedUp = { active: true, reason: null, unsubscribedMs: null, signupMs: consentMs ?? nowMs };
  const kept = {
    ...before,
    adNetworkSource: subscription.adNetworkSource ?? before.adNetworkSource,
    adNetworkId: subscription.adNetworkId ?? before.adNetworkId,
    customFields: patchFields(before.customFields, subscription.customFields),
  };
  if (before.active) return hasChanged(before, kept) ? kept : undefined;
  if (before.reason === 'no_consent') return { ...kept, ...signedUp, signupMethod: method };
  if (consentMs !== null && consentMs > (before.unsubscribedMs ?? 0)) return { ...kept, ...signedUp };
  return hasChanged(before, kept) ? kept : undefined;
}

/** Custom fields after a patch; the same object when it changes nothing. */
export function patchFields(before: CustomFields, patch: FieldsPatch | undefined): CustomFields {
  if (patch === undefined) return before;
  if (before === NO_FIELDS && !Object.values(patch.fields).includes(null)) return patch.fields;
  const merged = patch.replace ? { ...patch.fields } : { ...before, ...patch.fields };
  const kept = Object.entries(merged).filter(([, value]) => value !== null);
  return Object.fromEntries(kept);
}

function hasChanged(before: ListContactState, after: ListContactState): boolean {
  return (
    before.adNetworkSource !== after.adNetworkSource ||
    before.adNetworkId !== after.adNetworkId ||
    before.customFields !== after.customFields
  );
}

function toEvent(subscription: Subscription, nowMs: number) {
  const { accountId, listId, phone, method, evidence, atMs = nowMs } = subscription;
  const keyword = evidence.keyword ?? null;
  return { event: 'resubscribe' as const, accountId, listId, phone, keyword, source: method, atMs };
}

/** What the ledger says of it. */
export function toConsent(subscription: Subscription, isResubscribed: boolean, nowMs: number): ConsentEntry {
  const { accountId, listId, phone, method, consentMs, evidence } = subscription;
  const kind = isResubscribed ? 'resubscribe' : 'opt_in';
  const atMs = consentMs ?? nowMs;
  // Written out, because an import makes a million of them.
  return {
    accountId,
    listId,
    phone,
    kind,
    atMs,
    source: evidence.source ?? method,
    ipAddress: evidence.ipAddress,
    userAgent: evidence.userAgent,
    url: evidence.url,
    text: evidence.text,
    keyword: evidence.keyword,
    actor: evidence.actor,
  };
}
