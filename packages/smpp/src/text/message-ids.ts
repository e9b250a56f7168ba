/** Hexadecimal ids of more digits are not read as numbers. */
const MAX_HEX_DIGITS = 32;
const MAX_DECIMAL_DIGITS = 38;

/** One spelling of ids that differ by letter case, blanks or leading zeros only. */
export function normalMessageId(id: string): string {
  return id
    .trim()
    .toUpperCase()
    .replace(/^0+(?=.)/, '');
}

/**
 * Spellings that a receipt's id may have had in the submit's answer, in normal form, likeliest first: as it is,
 * hexadecimal read as decimal, decimal written in hexadecimal. Servers are known to mix them.
 */
export function messageIdSpellings(id: string): string[] {
  const normal = normalMessageId(id);
  const spellings = [normal];
  if (normal.length <= MAX_HEX_DIGITS && /^[0-9A-F]+$/.test(normal)) spellings.push(BigInt(`0x${normal}`).toString());
  if (normal.length <= MAX_DECIMAL_DIGITS && /^\d+$/.test(normal)) {
    spellings.push(BigInt(normal).toString(16).toUpperCase());
  }
  return [...new Set(spellings)];
}
