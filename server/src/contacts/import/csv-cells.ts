import Papa from 'papaparse';

/*
 * Spreadsheets run a cell that begins with one of these as a formula, and names and custom fields are written by strangers.
 * So a text that does gets an apostrophe before it on its way out, and loses it on its way in (OWASP, "CSV Injection").
 * Telephone numbers are left as they are.
 */
const FORMULA = /^'*[=+\-@\t\r]/;
const MARKED_FORMULA = /^'+[=+\-@\t\r]/;
const PHONE = /^\+[0-9]+$/;

/** Lines of CSV (RFC 4180), each with its end, without formulas. */
export function toCsv(rows: readonly (readonly unknown[])[]): string {
  return `${Papa.unparse(
    rows.map((row) => row.map(toCell)),
    { header: false },
  )}\r\n`;
}

function toCell(value: unknown): unknown {
  return typeof value === 'string' && FORMULA.test(value) && !PHONE.test(value) ? `'${value}` : value;
}

/** The text of a cell that `toCsv` may have written. */
export function fromCell(text: string): string {
  return text.startsWith("'") && MARKED_FORMULA.test(text) ? text.slice(1) : text;
}
