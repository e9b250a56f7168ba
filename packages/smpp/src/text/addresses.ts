/** A number or name as SMPP carries it: type of number, numbering plan, digits or letters (SMPP 3.4 §5.2.5, §5.2.6). */
export interface Address {
  readonly ton: number;
  readonly npi: number;
  readonly address: string;
}

/** E.164 with `+` is 1/1 without the `+`; up to 8 digits a short code, 3/0; anything else a name, 5/0. */
export function toAddress(text: string, options: { readonly keepPlus?: boolean } = {}): Address {
  if (/^\+\d+$/.test(text)) return { ton: 1, npi: 1, address: options.keepPlus === true ? text : text.slice(1) };
  if (/^\d{1,8}$/.test(text)) return { ton: 3, npi: 0, address: text };
  return { ton: 5, npi: 0, address: text };
}

/** `validity_period` relative to now, in whole minutes, such as `000000040000000R` for 240 (SMPP 3.4 §7.1.1.2). */
export function toRelativeTime(minutes: number): string {
  const two = (value: number): string => String(value).padStart(2, '0');
  const days = Math.floor(minutes / 1_440);
  const years = Math.min(99, Math.floor(days / 365));
  const rest = Math.min(days - years * 365, 364);
  const date = `${two(years)}${two(Math.floor(rest / 30))}${two(rest % 30)}`;
  return `${date}${two(Math.floor((minutes % 1_440) / 60))}${two(minutes % 60)}00000R`;
}
