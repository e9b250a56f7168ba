import { createHash } from 'node:crypto';
import metadata from 'libphonenumber-js/metadata.max';
import { lockFacts, lockPhoneData, updateFacts, writePhoneData } from '../store/phone-data-store.ts';
import type { Pool } from '../store/pool.ts';
import { withTransaction } from '../store/transaction.ts';
import { STATE_AREA_CODES } from './area-data.ts';
import { type PhoneFacts, phoneFacts } from './phone-facts.ts';

const CHUNK = 5_000;

/** Names what numbers tell in this version of the program. */
export function phoneDataVersion(): string {
  return createHash('sha256')
    .update(JSON.stringify([metadata, STATE_AREA_CODES]))
    .digest('hex')
    .slice(0, 16);
}

/**
 * Brings the next contacts up to date after the numbering data has changed; goes on where it stopped. Safe to run in several
 * processes. @returns true when there are more
 */
export function renewFacts(pool: Pool, version: string): Promise<boolean> {
  return withTransaction(pool, async (transaction) => {
    const known = await lockPhoneData(transaction);
    const isNew = known === undefined;
    if (isNew || (known.version === version && known.donePhone === null)) {
      if (isNew) await writePhoneData(transaction, { version, donePhone: null });
      return false;
    }
    const afterPhone = known.version === version ? (known.donePhone ?? 0) : 0;
    const stored = await lockFacts(transaction, afterPhone, CHUNK);
    await updateFacts(
      transaction,
      stored.flatMap((contact) => {
        const next = toRenewed(contact, phoneFacts(contact.phone));
        return isSame(contact, next) ? [] : [next];
      }),
    );
    const isDone = stored.length < CHUNK;
    await writePhoneData(transaction, { version, donePhone: isDone ? null : (stored.at(-1)?.phone ?? null) });
    return !isDone;
  });
}

/**
 * What is stored of a number and what it tells now, together. What others said stays: a look-up or a file knows the kind of
 * line better, and a carrier that nobody has the number.
 */
export function toRenewed(stored: PhoneFacts, now: PhoneFacts): PhoneFacts {
  const { phone, country, state } = now;
  const isLost = stored.isValid && !now.isValid;
  const isOfNumber = stored.lineType === 'FAKE' || stored.lineType === 'UNKNOWN';
  return {
    phone,
    isValid: now.isValid && (stored.isValid || stored.lineType === 'FAKE'),
    lineType: isLost || isOfNumber ? now.lineType : stored.lineType,
    country,
    state,
  };
}

function isSame(one: PhoneFacts, other: PhoneFacts): boolean {
  return (
    one.isValid === other.isValid &&
    one.lineType === other.lineType &&
    one.country === other.country &&
    one.state === other.state
  );
}
