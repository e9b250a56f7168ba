import { compileTemplate } from '../lib/macros.ts';

const CODE = /^[0-9]{4,10}/;

/**
 * The text of a one-time code with a `*` for each of its digits. `template` holds `{{code}}` once; where the text is not
 * what its template says, every run of digits that could be a code is covered. Time is linear in the text a macro.
 */
export function maskCode(text: string, template: string): string {
  const place = findCode(text, template);
  if (place === undefined) return text.replace(/[0-9]{4,}/g, (digits) => '*'.repeat(digits.length));
  return text.slice(0, place.start) + '*'.repeat(place.end - place.start) + text.slice(place.end);
}

/** Each value of a macro ends where the text after it is found first. Undefined: then the text does not follow. */
function findCode(text: string, template: string): { readonly start: number; readonly end: number } | undefined {
  const { head, macros } = compileTemplate(template);
  if (!text.startsWith(head)) return undefined;
  let at = head.length;
  let place: { readonly start: number; readonly end: number } | undefined;
  for (const [index, { name, after }] of macros.entries()) {
    let end = index === macros.length - 1 ? text.length - after.length : text.indexOf(after, at);
    if (name === 'code') {
      end = at + (CODE.exec(text.slice(at))?.[0].length ?? Number.NaN);
      place = { start: at, end };
    }
    if (!(end >= at) || !text.startsWith(after, end)) return undefined;
    at = end + after.length;
  }
  return at === text.length ? place : undefined;
}
