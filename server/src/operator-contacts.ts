import { open } from 'node:fs/promises';
import type { Caller, Directory, List } from './accounts/index.ts';
import * as contacts from './contacts/index.ts';
import type { Clock } from './lib/clock.ts';
import { OperatorError } from './lib/operator-error.ts';
import { simulatedLookup } from './phone/index.ts';
import type { Pool } from './store/pool.ts';
import { createOutbox } from './webhooks/index.ts';

const CHUNK_BYTES = 256 * 1024;
const TELL_EVERY_MS = 1_000;

/** A file of contacts that is to be imported. */
export interface ContactImport {
  /** Number, id or `pn_...`. */
  readonly list: string;
  /** Path. */
  readonly file: string;
  /** False tells what would be, and stores nothing. */
  readonly apply: boolean;
  /** Hears of rows that were not taken, in order, as lines of CSV; the first is the header. */
  readonly onErrors: (csv: string) => Promise<void>;
  /** About once a second. */
  readonly onProgress: (report: ContactImportReport) => void;
}

export interface ContactImportReport {
  readonly dry_run: boolean;
  readonly rows: {
    readonly read: number;
    readonly created: number;
    readonly updated: number;
    readonly failed: number;
    readonly duplicates: number;
  };
  readonly rows_per_second: number;
  readonly seconds_left: number | null;
  readonly unknown_columns: readonly string[];
}

/** Contacts as commands see them. */
export interface OperatorContacts {
  /** @throws AppError `missing_phone_column`; Error when the file cannot be read */
  import(input: ContactImport): Promise<ContactImportReport>;
  /** CSV of one list, or of all of the account. */
  export(input: { readonly accountId: string; readonly list?: string | undefined }): Promise<AsyncIterable<string>>;
  /** @throws AppError `invalid_phone`, `contact_not_found` */
  show(input: { readonly accountId: string; readonly phone: string }): Promise<object>;
  /** Of one list, or of all. @returns how many subscriptions ended @throws AppError `invalid_phone` */
  unsubscribe(input: {
    readonly accountId: string;
    readonly phone: string;
    readonly list?: string | undefined;
  }): Promise<number>;
}

export interface OperatorContactDeps {
  readonly pool: Pool;
  readonly clock: Clock;
  readonly withdraw: contacts.Withdraw;
  readonly directory: () => Promise<Directory>;
  readonly toCaller: (directory: Directory, accountId: string) => Caller;
  readonly findList: (directory: Directory, name: string) => List | undefined;
}

export function bindContacts({ pool, clock, withdraw, toCaller, ...deps }: OperatorContactDeps): OperatorContacts {
  async function toDeps() {
    const directory = await deps.directory();
    return { pool, clock, directory, withdraw, outbox: createOutbox({ directory, clock }), lookup: simulatedLookup };
  }
  function findList(directory: Directory, name: string): List {
    const list = deps.findList(directory, name);
    if (list === undefined || list.status === 'deleted') {
      throw new OperatorError('not_found', `There is no list ${name}`);
    }
    return list;
  }
  return {
    async import(input) {
      const own = await toDeps();
      return await importFile(own, input, findList(own.directory, input.list));
    },
    async export({ accountId, list }) {
      const own = await toDeps();
      const query = list === undefined ? {} : { list_number: findList(own.directory, list).number };
      return await contacts.bindContactVerbs(own).export(toCaller(own.directory, accountId), query);
    },
    async show({ accountId, phone }) {
      const own = await toDeps();
      return await contacts.bindContactVerbs(own).get(toCaller(own.directory, accountId), { phone });
    },
    async unsubscribe({ accountId, phone, list }) {
      const own = await toDeps();
      const listIds = list === undefined ? null : [findList(own.directory, list).id];
      return await contacts.unsubscribeByOperator(own, { accountId, phone, listIds });
    },
  };
}

async function importFile(
  deps: Parameters<typeof contacts.importFile>[0],
  { file: path, apply, onErrors, onProgress }: ContactImport,
  list: List,
): Promise<ContactImportReport> {
  await using file = await open(path);
  const { size: bytesTotal } = await file.stat();
  const startedMs = performance.now();
  let toldMs = startedMs;
  let unknown: readonly string[] = [];
  const toReport = ({ rows, place }: contacts.ImportProgress): ContactImportReport => {
    const workMs = performance.now() - startedMs;
    const state = place.bytes >= bytesTotal ? 'finished' : 'running';
    const pace = contacts.toPace({ read: rows.read, bytesDone: place.bytes, bytesTotal, workMs, state });
    return { dry_run: !apply, rows, ...pace, unknown_columns: unknown };
  };
  await onErrors(contacts.importErrorsToCsv(null));
  const done = await contacts.importFile(deps, {
    target: { list, actor: 'operator', dryRun: !apply },
    source: file.createReadStream({ highWaterMark: CHUNK_BYTES, autoClose: false }),
    onFormat: ({ columns }) => {
      unknown = columns.unknown;
    },
    async onProgress(progress, errors) {
      if (errors.length > 0) await onErrors(contacts.importErrorsToCsv(errors));
      if (performance.now() - toldMs < TELL_EVERY_MS) return;
      toldMs = performance.now();
      onProgress(toReport(progress));
    },
  });
  return toReport({ ...done, place: { ...done.place, bytes: bytesTotal } });
}
