import type { Caller } from '../accounts/index.ts';
import { type PhoneFacts, phoneFacts, toLineType, type Validation } from '../phone/index.ts';
import { type Profile, saveProfiles } from '../store/account-contact-store.ts';
import { findBlocks } from '../store/block-store.ts';
import { readKnownPhones, updateLookedUp } from '../store/contact-store.ts';
import type { Transaction } from '../store/transaction.ts';
import type { ContactInput } from './parse-contact.ts';
import { subscribe, type Subscribed, type Subscription } from './subscribe.ts';
import type { SubscriptionDeps } from './subscription-deps.ts';

/** What became of a contact: stored, or refused because no text can be sent to it. */
export type StoredContact = (Subscribed & { readonly isBlocked: boolean }) | 'not_sendable';

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
  const refused = await findUnsendable(transaction, inputs, ({ list }) => list.settings.rejectVoip);
  const results: StoredContact[] = inputs.map(() => 'not_sendable');
  const kept = [...inputs.entries()].filter(([, input]) => !refused.has(input));
  await saveProfiles(transaction, accountId, toProfiles(kept, validations));
  const blocks = await findBlocks(
    transaction,
    accountId,
    kept.map(([, input]) => input.phone),
  );
  for (const round of inRounds(kept)) {
    const subscriptions = round.map(([, input]) => toSubscription(input, caller));
    for (const [place, result] of (await subscribe(deps, transaction, subscriptions, nowMs)).entries()) {
      const [index, input] = round[place] as [number, ContactInput];
      const isBlocked = blocks.some(
        ({ phone, listId }) => phone === input.phone && (listId === null || listId === input.list.id),
      );
      results[index] = { ...result, isBlocked };
    }
  }
  await updateLookedUp(
    transaction,
    [...validations].map(([phone, validation]) => ({
      phone,
      lineType: toLineType(validation),
      carrier: validation.carrier,
      onDnc: validation.on_dnc,
    })),
  );
  return results;
}

/** New numbers that cannot be texted; what the installation knows already is never refused. */
export async function findUnsendable<T extends { readonly phone: number; readonly facts?: PhoneFacts }>(
  transaction: Transaction,
  inputs: readonly T[],
  rejectsVoip: (input: T) => boolean,
): Promise<ReadonlySet<T>> {
  const suspects = inputs.filter((input) => {
    const { isValid, lineType } = input.facts ?? phoneFacts(input.phone);
    return !isValid || (lineType === 'VOIP' && rejectsVoip(input));
  });
  const known = await readKnownPhones(
    transaction,
    suspects.map((input) => input.phone),
  );
  return new Set(suspects.filter((input) => !known.has(input.phone)));
}

type Placed = readonly [index: number, input: ContactInput];

/** One profile a phone: of what is given twice, the last counts. */
function toProfiles(placed: readonly Placed[], validations: ReadonlyMap<number, Validation>): Profile[] {
  const profiles = new Map<number, Profile>();
  for (const [, { phone, email, firstName, lastName, timezone }] of placed) {
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
function inRounds(placed: readonly Placed[]): Placed[][] {
  const rounds: Placed[][] = [];
  const seen = new Map<string, number>();
  for (const place of placed) {
    const key = `${place[1].list.id} ${place[1].phone}`;
    const round = seen.get(key) ?? 0;
    seen.set(key, round + 1);
    (rounds[round] ??= []).push(place);
  }
  return rounds;
}

function toSubscription(input: ContactInput, { account, key }: Caller): Subscription {
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
  };
}
