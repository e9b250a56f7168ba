/** Our words that a table of codes may use, with what they mean for the recipient and for a submit. */
const WORDS: Readonly<Record<string, { readonly permanent: boolean; readonly temporary: boolean }>> = {
  EXPIRED: { permanent: false, temporary: false },
  UNDELIVERABLE_NOT_DELIVERED: { permanent: false, temporary: false },
  REJECTED_ABSENT_SUBSCRIBER: { permanent: false, temporary: false },
  REJECTED_OPERATOR: { permanent: false, temporary: false },
  REJECTED_DESTINATION: { permanent: true, temporary: false },
  REJECTED_SPAM: { permanent: true, temporary: false },
  REJECTED_OPTED_OUT: { permanent: true, temporary: false },
  REJECTED_CONTENT: { permanent: true, temporary: false },
  REJECTED_SENDER: { permanent: true, temporary: false },
  REJECTED_ROUTE: { permanent: true, temporary: false },
  REJECTED_QUOTA: { permanent: false, temporary: false },
  REJECTED_CREDIT: { permanent: false, temporary: false },
  REJECTED_SYSTEM_ERROR: { permanent: false, temporary: false },
  REJECTED_CREDENTIALS: { permanent: false, temporary: true },
  THROTTLED: { permanent: false, temporary: true },
  QUEUE_FULL: { permanent: false, temporary: true },
};

export const WORD_NAMES: readonly string[] = Object.keys(WORDS);

export function isWord(word: unknown): word is string {
  return typeof word === 'string' && Object.hasOwn(WORDS, word);
}

/** The carrier's code in our words: what the list's table says of it, else itself. */
export function meaningOfCode(
  codes: ReadonlyMap<string, string>,
  code: string,
): { readonly detail: string; readonly permanent: boolean; readonly temporary: boolean } {
  const word = codes.get(code);
  const known = word === undefined ? undefined : WORDS[word];
  if (word === undefined || known === undefined) {
    return { detail: `CARRIER_${code}`.slice(0, 64), permanent: false, temporary: false };
  }
  return { detail: word, ...known };
}
