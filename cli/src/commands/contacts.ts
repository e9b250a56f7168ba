import { once } from 'node:events';
import { createWriteStream, type WriteStream } from 'node:fs';
import { rm } from 'node:fs/promises';
import { finished } from 'node:stream/promises';
import type { ContactImportReport } from '@trackly/server/operator';
import type { Command, Context } from '../command.ts';
import { openContactSource } from '../contact-source.ts';
import { toFields } from '../table.ts';

const ACCOUNT = { name: 'account', value: 'ID', summary: 'Account; default: the only one' } as const;
const LIST = { name: 'list', value: 'LIST', summary: 'List: number, id or pn_...' } as const;

export const contactCommands: readonly Command[] = [
  {
    name: 'contacts import',
    summary: 'Put the contacts of a CSV file on a list',
    arguments: [{ name: 'FILE', summary: 'CSV with a column phone_number, phone or msisdn' }],
    flags: [
      { ...LIST, required: true },
      { name: 'apply', summary: 'Store them; without it the command only tells what would be' },
    ],
    examples: [
      'trackly contacts import people.csv --list +18445550111',
      'trackly contacts import people.csv --list +18445550111 --apply',
    ],
    remote: true,
    run: importContacts,
  },
  {
    name: 'contacts export',
    summary: 'Print contacts as CSV',
    flags: [{ ...LIST, summary: 'Only of this list: number, id or pn_...' }, ACCOUNT],
    examples: ['trackly contacts export --list 1'],
    remote: true,
    run: exportContacts,
  },
  {
    name: 'contacts show',
    summary: 'Show a contact with all its lists',
    arguments: [{ name: 'PHONE', summary: 'E.164' }],
    flags: [ACCOUNT],
    examples: ['trackly contacts show +13125550142'],
    remote: true,
    run: showContact,
  },
  {
    name: 'contacts unsubscribe',
    summary: 'End the subscriptions of a number',
    arguments: [{ name: 'PHONE', summary: 'E.164' }],
    flags: [{ ...LIST, summary: 'Only of this list; default: of all' }, ACCOUNT],
    examples: ['trackly contacts unsubscribe +13125550142', 'trackly contacts unsubscribe +13125550142 --list 1'],
    remote: true,
    run: unsubscribeContact,
  },
];

async function importContacts({ input, output }: Context): Promise<number> {
  const file = input.argument('FILE');
  await using source = await openContactSource(input);
  await using errors = createErrorFile(file.replace(/\.csv$/i, ''));
  const report = await source.import({
    file,
    list: input.required('list'),
    apply: input.isOn('apply'),
    onErrors: (csv) => errors.write(csv),
    onProgress: (progress) => output.note(toProgressLine(progress)),
  });
  const errorFile = await errors.close(report.rows.failed > 0);
  output.answer({ ...report, error_file: errorFile }, () => toReportText(report, errorFile));
  return report.rows.failed > 0 ? 1 : 0;
}

interface ErrorFile extends AsyncDisposable {
  write(csv: string): Promise<void>;
  /** @returns its path; null: it was not kept */
  close(isKept: boolean): Promise<string | null>;
}

/** Made when it is first written to. */
function createErrorFile(stem: string): ErrorFile {
  const path = `${stem}.errors.csv`;
  let stream: WriteStream | null = null;
  async function end(): Promise<void> {
    if (stream === null || stream.closed) return;
    stream.end();
    await finished(stream);
  }
  return {
    async write(csv) {
      stream ??= createWriteStream(path);
      if (!stream.write(csv)) await once(stream, 'drain');
    },
    async close(isKept) {
      await end();
      if (!isKept) await rm(path, { force: true });
      return isKept ? path : null;
    },
    [Symbol.asyncDispose]: end,
  };
}

export function toProgressLine({ rows, rows_per_second: pace, seconds_left: left }: ContactImportReport): string {
  const rest = left === null ? '' : `, ${left} s left`;
  return `${rows.read.toLocaleString('en-US')} rows, ${pace.toLocaleString('en-US')} a second${rest}`;
}

function toReportText(report: ContactImportReport, errorFile: string | null): string {
  const { rows, dry_run: isDry, unknown_columns: unknown, rows_per_second: pace } = report;
  const lines = [toFields({ ...rows, rows_per_second: pace })];
  if (unknown.length > 0) lines.push(`Columns that are left out: ${unknown.join(', ')}`);
  if (errorFile !== null) lines.push(`Rows that were not taken, with their lines: ${errorFile}`);
  lines.push(isDry ? 'Nothing was stored: this was a dry run. Say --apply to store.' : 'Stored.');
  return lines.join('\n');
}

async function exportContacts({ input }: Context): Promise<number> {
  await using source = await openContactSource(input);
  for await (const text of await source.export(input.text('list'))) {
    if (!process.stdout.write(text)) await once(process.stdout, 'drain');
  }
  return 0;
}

async function showContact({ input, output }: Context): Promise<number> {
  await using source = await openContactSource(input);
  const contact = await source.show(input.argument('PHONE'));
  output.answer(contact, () => toContactText(contact as Contact));
  return 0;
}

interface Contact {
  readonly lists: readonly (Record<string, unknown> & { readonly list_number: string })[];
}

function toContactText({ lists, ...contact }: Contact): string {
  const parts = lists.map((list) => `\nList ${list.list_number}:\n${toFields(list)}`);
  return [toFields(contact), ...parts].join('\n');
}

async function unsubscribeContact({ input, output }: Context): Promise<number> {
  await using source = await openContactSource(input);
  const ended = await source.unsubscribe(input.argument('PHONE'), input.text('list'));
  output.answer({ lists_unsubscribed: ended }, () =>
    ended === 0 ? 'It was subscribed to none.' : `Ended: ${ended}. No message leaves for it from now on.`,
  );
  return 0;
}
