import type { Caller } from '../accounts/index.ts';
import { isCustomFields } from '../lib/value-kinds.ts';
import { type PhoneFacts, phoneFacts, toLineType, type Validation } from '../phone/index.ts';
import { type Profile, saveProfiles } from '../store/account-contact-store.ts';
import { findBlocks } from '../store/block-store.ts';
import { readKnownPhones } from '../store/contact-store.ts';
import { readCustomFields } from '../store/list-contact-store.ts';
import type { Queryable } from '../store/queryable.ts';
import type { Transaction } from '../store/transaction.ts';
import type { ContactInput } from './parse-contact.ts';
import { patchFields, subscribe, type Subscribed, type Subscription } from './subscribe.ts';
import type { SubscriptionDeps } from './subscription-deps.ts';

/** What became of a contact. */
export type StoredContact = Subscribed & { readonly isBlocked: boolean };

export interface StoreInput {
  readonly inputs: readonly ContactInput[];
  /** By phone; of the numbers that were looked up. */
  readonly validations: ReadonlyMap<number, Validation>;
  readonly nowMs: number;
}

/**
 * Stores contacts for the API. Several of one number on one list act in order.
 * @returns one result an input, in order
 */
export async function storeContacts(
  deps: SubscriptionDeps,
  transaction: Transaction,
  caller: Caller,
  { inputs, validations, nowMs }: StoreInput,
): Promise<StoredContact[]> {
  const accountId = caller.account.id;
  await saveProfiles(transaction, accountId, toProfiles(inputs, validations));
  const blocks = await findBlocks(
    transaction,
    accountId,
    inputs.map((input) => input.phone),
  );
  const results: StoredContact[] = [];
  for (const round of inRounds(inputs)) {
    const subscriptions = round.map(([, input]) => toSubscription(input, caller, validations.get(input.phone)));
    for (const [place, result] of (await subscribe(deps, transaction, subscriptions, nowMs)).entries()) {
      const [index, input] = round[place] as Placed;
      const isBlocked = blocks.some(
        ({ phone, listId }) => phone === input.phone && (listId === null || listId === input.list.id),
      );
      results[index] = { ...result, isBlocked };
    }
  }
  return results;
}

/** New numbers that cannot be texted; what the installation knows already is never refused. */
export async function findUnsendable<T extends { readonly phone: number; readonly facts?: PhoneFacts }>(
  db: Queryable,
  inputs: readonly T[],
  rejectsVoip: (input: T) => boolean,
): Promise<ReadonlySet<T>> {
  const suspects = inputs.filter((input) => isSuspect(input.facts ?? phoneFacts(input.phone), rejectsVoip(input)));
  if (suspects.length === 0) return new Set();
  const known = await readKnownPhones(
    db,
    suspects.map((input) => input.phone),
  );
  return new Set(suspects.filter((input) => !known.has(input.phone)));
}

/**
 * Those whose custom fields would be too many, or too large, together with what is stored of them or comes before them in
 * the same request: each may be small enough by itself.
 */
export async function findOverfull<T extends Pick<ContactInput, 'list' | 'phone' | 'customFields'>>(
  db: Queryable,
  inputs: readonly T[],
): Promise<ReadonlySet<T>> {
  const overfull = new Set<T>();
  const changing = inputs.filter(({ customFields }) => customFields !== undefined);
  for (const listId of new Set(changing.map(({ list }) => list.id))) {
    const own = changing.filter(({ list }) => list.id === listId);
    const stored = await readCustomFields(
      db,
      listId,
      own.map(({ phone }) => phone),
    );
    for (const input of own) {
      const fields = patchFields(stored.get(input.phone) ?? {}, input.customFields);
      if (isCustomFields(fields, { nulls: false })) stored.set(input.phone, fields);
      else overfull.add(input);
    }
  }
  return overfull;
}

/** Whether a number that is new would be refused. */
export function isSuspect({ isValid, lineType }: PhoneFacts, rejectsVoip: boolean): boolean {
  return !isValid || (lineType === 'VOIP' && rejectsVoip);
}

type Placed = readonly [index: number, input: ContactInput];

/** One profile a phone: of what is given twice, the last counts. */
function toProfiles(inputs: readonly ContactInput[], validations: ReadonlyMap<number, Validation>): Profile[] {
  const profiles = new Map<number, Profile>();
  for (const { phone, email, firstName, lastName, timezone } of inputs) {
    const before = profiles.get(phone);
    profiles.set(phone, {
      phone,
      email: email ?? before?.email ?? null,
      firstName: firstName ?? before?.firstName ?? null,
      lastName: lastName ?? before?.lastName ?? null,
      timezone: timezone ?? before?.timezone ?? null,
      validationStatus: validations.get(phone)?.disposition ?? null,
    });
  }
  return [...profiles.values()].filter(saysSomething);
}

function saysSomething({ email, firstName, lastName, timezone, validationStatus }: Profile): boolean {
  return [email, firstName, lastName, timezone, validationStatus].some((text) => text !== null);
}

/** Rounds in which no list has a number twice, so that repeats act in order. */
function inRounds(inputs: readonly ContactInput[]): Placed[][] {
  const rounds: Placed[][] = [];
  const seen = new Map<string, number>();
  for (const [index, input] of inputs.entries()) {
    const key = `${input.list.id} ${input.phone}`;
    const round = seen.get(key) ?? 0;
    seen.set(key, round + 1);
    (rounds[round] ??= []).push([index, input]);
  }
  return rounds;
}

function toSubscription(
  input: ContactInput,
  { account, key }: Caller,
  validation: Validation | undefined,
): Subscription {
  const { phone, list, consentMs, ipAddress, url, customFields, adNetworkSource, adNetworkId } = input;
  return {
    accountId: account.id,
    listId: list.id,
    phone,
    method: 'api',
    consentMs,
    evidence: { ipAddress, url, actor: `key:${key.id}` },
    isConsent: consentMs !== null || ipAddress !== null || url !== null,
    customFields,
    adNetworkSource,
    adNetworkId,
    facts: validation === undefined ? undefined : toFacts(phone, validation),
  };
}

/** What is stored of a number that is new; of one that is known the look-up has written it already. */
function toFacts(phone: number, validation: Validation): PhoneFacts {
  const facts = phoneFacts(phone);
  const lineType = toLineType(validation) ?? facts.lineType;
  return { ...facts, lineType, carrier: validation.carrier, onDnc: validation.on_dnc };
}
