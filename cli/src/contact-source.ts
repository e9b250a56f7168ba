import { createReadStream } from 'node:fs';
import { open } from 'node:fs/promises';
import { Readable } from 'node:stream';
import type { ContactImportReport, Installation } from '@trackly/server/operator';
import { createTracklyClient } from '@trackly/client';
import type { Input } from './input.ts';
import { openInstallation } from './installation.ts';

export interface ImportFile {
  readonly file: string;
  /** Number, id or `pn_...`. */
  readonly list: string;
  readonly apply: boolean;
  /** Where rows that were not taken go: lines of CSV. */
  readonly onErrors: (csv: string) => Promise<void>;
  readonly onProgress: (report: ContactImportReport) => void;
}

/** Where contacts are: the installation here, or the API of another. */
export interface ContactSource {
  import(input: ImportFile): Promise<ContactImportReport>;
  /** CSV in pieces. */
  export(list: string | undefined): Promise<AsyncIterable<string>>;
  show(phone: string): Promise<object>;
  /** @returns how many subscriptions ended */
  unsubscribe(phone: string, list: string | undefined): Promise<number>;
  [Symbol.asyncDispose](): Promise<void>;
}

/** By `--url` and `--key`, else the installation here. */
export async function openContactSource(input: Input): Promise<ContactSource> {
  const baseUrl = input.text('url');
  const apiKey = input.text('key');
  if (baseUrl !== undefined && apiKey !== undefined) return createRemoteSource(baseUrl, apiKey);
  return createLocalSource(await openInstallation(), input.text('account'));
}

function createLocalSource(installation: Installation, account: string | undefined): ContactSource {
  const { accounts, contacts, lists } = installation;
  async function toAccount(list: string | undefined): Promise<string> {
    if (list !== undefined) return (await lists.find(list)).account_id;
    return (await accounts.find({ id: account })).id;
  }
  return {
    import: (input) => contacts.import(input),
    export: async (list) => contacts.export({ accountId: await toAccount(list), list }),
    show: async (phone) => contacts.show({ accountId: await toAccount(undefined), phone }),
    unsubscribe: async (phone, list) => contacts.unsubscribe({ accountId: await toAccount(list), phone, list }),
    [Symbol.asyncDispose]: () => installation[Symbol.asyncDispose](),
  };
}

const POLL_MS = 500;

interface Job extends ContactImportReport {
  readonly id: string;
  readonly state: 'running' | 'finished' | 'failed';
  readonly error: string | null;
}

function createRemoteSource(baseUrl: string, apiKey: string): ContactSource {
  const client = createTracklyClient({ baseUrl, apiKey });
  const root = baseUrl.replace(/\/+$/, '').replace(/\/api$/, '');

  /** Files are streamed; the client reads JSON only. */
  async function call(path: string, file?: string): Promise<Response> {
    const upload =
      file === undefined
        ? {}
        : {
            method: 'POST',
            body: Readable.toWeb(createReadStream(file)) as ReadableStream,
            duplex: 'half' as const,
            headers: { 'X-Api-Key': apiKey, 'Content-Type': 'text/csv' },
          };
    const response = await fetch(`${root}${path}`, { headers: { 'X-Api-Key': apiKey }, ...upload });
    if (response.ok) return response;
    const { error = `HTTP ${response.status}` } = (await response.json()) as { error?: string };
    throw new Error(error);
  }

  async function toNumber(list: string): Promise<string> {
    if (list.startsWith('+') || /^\d{5,6}$/.test(list)) return list;
    return (await client.getList(list)).phone_number;
  }

  return {
    async import({ file, list, apply, onErrors, onProgress }) {
      await (await open(file)).close();
      const query = new URLSearchParams({ list_number: await toNumber(list), dry_run: String(!apply) });
      let { job } = (await (await call(`/api/v2/contacts/import?${query.toString()}`, file)).json()) as { job: Job };
      while (job.state === 'running') {
        onProgress(job);
        await new Promise((resolve) => setTimeout(resolve, POLL_MS));
        job = (await (await call(`/api/v2/jobs/${job.id}`)).json()) as Job;
      }
      for await (const piece of toTexts(await call(`/api/v2/jobs/${job.id}/errors`))) await onErrors(piece);
      if (job.state === 'failed') throw new Error(`The import failed: ${job.error ?? 'for an unknown reason'}`);
      return job;
    },
    async export(list) {
      const query =
        list === undefined ? '' : `?${new URLSearchParams({ list_number: await toNumber(list) }).toString()}`;
      return toTexts(await call(`/api/v2/contacts/export${query}`));
    },
    show: (phone) => client.getContact(phone),
    async unsubscribe(phone, list) {
      const numbers =
        list === undefined
          ? (await client.getContact(phone)).lists.map((each) => each.list_number)
          : [await toNumber(list)];
      let ended = 0;
      for (const number of numbers) {
        const { unsubscribed } = await client.unsubscribeContact({ phone_number: phone, list_number: number });
        if (unsubscribed) ended++;
      }
      return ended;
    },
    [Symbol.asyncDispose]: async () => {},
  };
}

async function* toTexts(response: Response): AsyncGenerator<string> {
  const decoder = new TextDecoder();
  for await (const bytes of response.body ?? []) yield decoder.decode(bytes as Uint8Array, { stream: true });
}
