import { array, assert, asyncProperty, constantFrom, integer, oneof, string, uint8Array } from 'fast-check';
import Papa from 'papaparse';
import { expect, test } from 'vitest';
import { CsvError, type CsvFormat, type CsvPlace, type CsvRow, detectFormat, readCsv } from './read-csv.ts';
import { readHeader } from './read-header.ts';

const START: CsvPlace = { bytes: 0, line: 1 };
const COMMA: CsvFormat = { delimiter: ',' };

async function* inChunks(bytes: Uint8Array, size: number): AsyncGenerator<Uint8Array> {
  for (let at = 0; at < bytes.length; at += size) yield bytes.subarray(at, at + size);
}

/** All rows, and the places between the batches. */
async function readAll(bytes: Uint8Array, size: number, format: CsvFormat = COMMA, from: CsvPlace = START) {
  const rows: CsvRow[] = [];
  const places: { readonly place: CsvPlace; readonly rows: number }[] = [];
  for await (const batch of readCsv(inChunks(bytes.subarray(from.bytes), size), format, from)) {
    rows.push(...batch.rows);
    places.push({ place: batch.next, rows: rows.length });
  }
  return { rows, places };
}

const formats = constantFrom<CsvFormat>(COMMA, { delimiter: ';' }, { delimiter: '\t' });
const newlines = constantFrom('\n', '\r\n');
const field = oneof(
  string({ unit: 'grapheme' }),
  string({ unit: constantFrom('"', ',', ';', '\n', '\r\n', '\t', '\u0000', 'ü', '😀', ' ', 'a') }),
);
const table = array(array(field, { minLength: 2, maxLength: 4 }), { minLength: 1, maxLength: 12 });
const clean = (text: string): string => text.toWellFormed().trim();

test('what was written comes back, whatever is in the fields and wherever the file is cut', async () => {
  await assert(
    asyncProperty(table, formats, newlines, integer({ min: 1, max: 40 }), async (rows, format, newline, size) => {
      const file = Buffer.from(`${Papa.unparse(rows, { ...format, newline, header: false })}${newline}`);
      const read = (await readAll(file, size, format)).rows;
      expect(read.map((row) => row.fields)).toEqual(rows.map((row) => row.map(clean)));
      expect(read.some((row) => row.isBroken)).toBe(false);
    }),
    { numRuns: 500 },
  );
});

test('reading goes on at any place where it stopped, with the right lines', async () => {
  await assert(
    asyncProperty(table, integer({ min: 1, max: 60 }), async (rows, size) => {
      const file = Buffer.from(`\uFEFF${Papa.unparse(rows, { newline: '\n', header: false })}\n`);
      const { rows: all, places } = await readAll(file, size);
      for (const { place, rows: before } of places) {
        expect((await readAll(file, 1_000, COMMA, place)).rows).toEqual(all.slice(before));
      }
      const text = file.toString('utf8');
      for (const { line } of all) expect(line).toBeLessThanOrEqual(text.split('\n').length);
    }),
    { numRuns: 200 },
  );
});

test('any bytes are read without a crash', async () => {
  await assert(
    asyncProperty(uint8Array({ maxLength: 400 }), integer({ min: 1, max: 50 }), async (bytes, size) => {
      const { rows } = await readAll(bytes, size);
      for (const { fields } of rows) for (const text of fields) expect(text?.isWellFormed() ?? true).toBe(true);
    }),
    { numRuns: 1_000 },
  );
});

test('fields that are no UTF-8 are told, and others of their row are kept', async () => {
  const { rows } = await readAll(Buffer.from([0x61, 0x2c, 0xff, 0xfe, 0x2c, 0xc3, 0xbc, 0x0a]), 3);
  expect(rows).toMatchObject([{ line: 1, fields: ['a', null, 'ü'] }]);
});

test('a quote that is never closed ends the reading before memory does', async () => {
  const file = Buffer.concat([Buffer.from('a,b\n"'), Buffer.alloc(17 * 1024 * 1024, 'x')]);
  await expect(readAll(file, 1024 * 1024)).rejects.toThrow(new CsvError('a quote in line 2 is never closed'));
});

test('a field of a megabyte is one field, with quotes or without', async () => {
  const long = 'x'.repeat(1_048_576);
  const { rows } = await readAll(Buffer.from(`${long},1\n"${long}\n",2\n`), 65_536);
  expect(rows.map(({ fields }) => fields.map((text) => text?.length))).toEqual([
    [1_048_576, 1],
    [1_048_576, 1],
  ]);
});

test.each([
  ['a,b\n', { delimiter: ',' }],
  ['a;b\r\n1;2', { delimiter: ';' }],
  ['a\tb', { delimiter: '\t' }],
  ['phone', { delimiter: ',' }],
])('%j is of this format', (head, format) => {
  expect(detectFormat(Buffer.from(head))).toEqual(format);
});

test('a header names columns in any case, and what it does not know is left out', async () => {
  const head = await readHeader(
    Buffer.from('\uFEFFPhone;EMAIL;Custom_Fields.tier;custom_fields.a b;size;phone\n1;2\n'),
  );
  expect(head.place).toEqual({ bytes: 63, line: 2 });
  expect(head.format.columns).toEqual({
    places: { phone_number: 0, email: 1 },
    customFields: [[2, 'tier']],
    unknown: ['custom_fields.a b', 'size', 'phone'],
    count: 6,
  });
});

test('lines may end with LF and CRLF in one file, also behind quotes', async () => {
  const { rows } = await readAll(Buffer.from('a,b\r\n1,"2"\r\n3,4\n5,"6"\n"7",8\r\n'), 3);
  expect(rows.map(({ line, fields, isBroken }) => [line, ...fields, isBroken])).toEqual([
    [1, 'a', 'b', false],
    [2, '1', '2', false],
    [3, '3', '4', false],
    [4, '5', '6', false],
    [5, '7', '8', false],
  ]);
});

test.each<[string, Buffer, string]>([
  ['UTF-16 with its mark', Buffer.from('\uFEFFphone,email\n', 'utf16le'), 'in UTF-16; save the file as CSV in UTF-8'],
  ['UTF-16 without one', Buffer.from('phone,email\n', 'utf16le'), 'in UTF-16; save the file as CSV in UTF-8'],
  [
    'UTF-16 the other way',
    Buffer.from('\uFEFFphone\n', 'utf16le').swap16(),
    'in UTF-16; save the file as CSV in UTF-8',
  ],
  ['Latin-1', Buffer.from('phone,prénom\n', 'latin1'), 'not in UTF-8'],
  [
    'lines that CR ends',
    Buffer.from('phone,email\r3125550142,a@b.example\r'),
    'ended by CR alone; LF or CRLF is needed',
  ],
])('%s is refused with the line', async (_, head, text) => {
  await expect(readHeader(head)).rejects.toMatchObject({
    code: 'invalid_encoding',
    text: `Line 1 of the file is ${text}`,
  });
});

test.each(['', '\n', 'name\n', '\u0000\u0000'])('a file that begins with %j has no column of numbers', async (head) => {
  await expect(readHeader(Buffer.from(head))).rejects.toMatchObject({ code: 'missing_phone_column' });
});
