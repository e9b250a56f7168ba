/**
 * The spelling that carrier ids are registered in: upper case, without leading zeros. Servers are known to answer a
 * submit in one spelling and to send the receipt in another.
 */
export function toNormalCarrierId(id: string): string {
  const trimmed = id
    .trim()
    .toUpperCase()
    .replace(/^0+(?=.)/, '');
  return trimmed;
}

/** Largest number of digits that a hexadecimal id may have to be tried as a number. */
const MAX_HEX_DIGITS = 32;
const MAX_DECIMAL_DIGITS = 38;

/**
 * Normal forms that a receipt's id may be registered under, most likely first: itself, then hexadecimal read as decimal,
 * then decimal written in hexadecimal. A text that is both is tried both ways.
 */
export function carrierIdSpellings(id: string): string[] {
  const normal = toNormalCarrierId(id);
  const spellings = [normal];
  if (/^[0-9A-F]+$/.test(normal) && normal.length <= MAX_HEX_DIGITS) spellings.push(BigInt(`0x${normal}`).toString(10));
  if (/^[0-9]+$/.test(normal) && normal.length <= MAX_DECIMAL_DIGITS) {
    spellings.push(BigInt(normal).toString(16).toUpperCase());
  }
  return [...new Set(spellings)];
}
