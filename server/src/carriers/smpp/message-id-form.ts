import type { SmppSettings } from './settings.ts';

const HEXADECIMAL = /^[0-9a-f]{1,32}$/i;
const DECIMAL = /^\d{1,38}$/;

/**
 * The id of a submit's answer as the SMSC's receipts will spell it. With `auto` and `verbatim` it stays: receipts are tried
 * in every spelling (lib/carrier-ids.ts), as it is first.
 */
export function toAnswerId(id: string, form: SmppSettings['messageIdForm']): string {
  if (form === 'hex_to_dec' && HEXADECIMAL.test(id)) return BigInt(`0x${id}`).toString();
  if (form === 'dec_to_hex' && DECIMAL.test(id)) return BigInt(id).toString(16).toUpperCase();
  return id;
}
