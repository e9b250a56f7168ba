import { compileTemplate } from '../lib/macros.ts';

const ANY_TEXT = '[^]*?';

/**
 * The text of a one-time code with a `*` for each of its digits. `template` holds `{{code}}` once; where the text is not
 * what its template says, every run of digits that could be a code is covered.
 */
export function maskCode(text: string, template: string): string {
  const { head, macros } = compileTemplate(template);
  const pattern = macros.reduce(
    (before, { name, after }) => `${before}${name === 'code' ? ')([0-9]{4,10})(' : ANY_TEXT}${escape(after)}`,
    `^(${escape(head)}`,
  );
  const match = new RegExp(`${pattern})$`).exec(text);
  if (match === null) return text.replace(/[0-9]{4,}/g, (digits) => '*'.repeat(digits.length));
  const [, before = '', code = '', after = ''] = match;
  return before + '*'.repeat(code.length) + after;
}

function escape(text: string): string {
  return text.replace(/[\\^$.*+?()[\]{}|/]/g, String.raw`\$&`);
}
