import type { FastifyInstance } from 'fastify';
import type { Account, ApiKey, Directory, List } from '../../src/accounts/index.ts';
import { getSetupStatus, whoAmI } from '../../src/accounts/index.ts';
import type { HttpDeps } from '../../src/http/http-deps.ts';
import { createHttpServer } from '../../src/http/server.ts';
import { createIdCodec } from '../../src/lib/public-id.ts';
import { toListSettings } from '../../src/lists/index.ts';
import type { Accept, AcceptItem } from '../../src/pipeline/accept-types.ts';
import type { SourceCode } from '../../src/pipeline/batch.ts';
import { createAnswerCover } from '../../src/secrets/index.ts';
import { createPool } from '../../src/store/pool.ts';

export const NOW_MS = Date.UTC(2026, 10, 2, 17, 4, 9, 250);

const SETTINGS: Account['settings'] = {
  brandName: null,
  supportContact: null,
  timezone: null,
  prepend: '{{brand_name}}: ',
  append: ' Reply stop to stop. Help for help.',
  blockedWords: null,
  dedupeWindowSeconds: 300,
  optoutScope: 'list',
  abuseWordsMode: 'stop',
  softFailureThreshold: 3,
  shortenerDomain: null,
  clickDomain: null,
  pricePerSegmentMicros: 4500,
  lookupPriceMicros: 3000,
  smsEnabled: true,
  billingProblem: null,
};

export function testAccount(change: Partial<Account> = {}): Account {
  return {
    id: 'a'.repeat(24),
    name: 'Northwind Pets',
    ownerEmail: 'zoe@nwp.example',
    status: 'active',
    settings: SETTINGS,
    ...change,
  };
}

export function testKey(change: Partial<ApiKey> = {}): ApiKey {
  return {
    id: 'b'.repeat(24),
    accountId: 'a'.repeat(24),
    name: 'prod',
    status: 'active',
    sandbox: false,
    requireConfirmation: false,
    allowedListIds: null,
    ...change,
  };
}

export function testList(change: Partial<List> = {}): List {
  const number = change.number ?? '+18005551000';
  return {
    id: 1,
    v1Id: 'pn_7k2m9q4x1c8v5b3n',
    accountId: 'a'.repeat(24),
    number,
    brandName: 'Demo',
    listName: 'Demo',
    type: 'simulator',
    status: 'active',
    isByoc: false,
    verified: true,
    credentials: {},
    settings: toListSettings({}, number),
    createdMs: NOW_MS,
    ...change,
  };
}

/** A directory of plain data. Secrets are the names of the keys. */
export interface TestDirectory extends Directory {
  readonly accounts: Account[];
  readonly keys: Map<string, ApiKey>;
  readonly allLists: List[];
  current: boolean;
}

export function createTestDirectory(): TestDirectory {
  const accounts = [testAccount(), testAccount({ id: 'c'.repeat(24), name: 'Other' })];
  const keys = new Map([['key', testKey()]]);
  const allLists = [testList()];
  return {
    accounts,
    keys,
    allLists,
    current: true,
    findKey: (secret) => keys.get(secret),
    account: (id) => accounts.find((account) => account.id === id),
    list: (id) => allLists.find((list) => list.id === id),
    listByNumber: (number) => allLists.find((list) => list.number === number && list.status !== 'deleted'),
    listByV1Id: (id) => allLists.find((list) => list.v1Id === id),
    listsOf: (accountId) => allLists.filter((list) => list.accountId === accountId),
    lists: () => allLists.filter((list) => list.status !== 'deleted'),
    isCurrent() {
      return this.current;
    },
    wantsEvent: () => false,
    silentMs: () => 0,
    refresh: async () => {},
    [Symbol.asyncDispose]: async () => {},
  };
}

export interface Accepted {
  readonly source: SourceCode;
  readonly simulated: boolean;
  readonly items: readonly AcceptItem[];
}

/** Accepts into memory; throws `error` instead while it is set. */
export interface MemoryAccept extends Accept {
  readonly calls: Accepted[];
  error: Error | null;
}

export function createMemoryAccept(): MemoryAccept {
  const calls: Accepted[] = [];
  let next = 0;
  const accept: MemoryAccept = {
    calls,
    error: null,
    async accept(source, simulated, items) {
      if (accept.error !== null) throw accept.error;
      if (items.length > 0) calls.push({ source, simulated, items });
      return items.map(() => next++);
    },
    async acceptRows(source, simulated, { json, count, ...batch }) {
      const rows = JSON.parse(Buffer.from(json).toString()) as object[];
      if (rows.length !== count) throw new Error(`${count} rows were announced, and there are ${rows.length}`);
      const items = rows.map((row) => ({ ...batch, json: JSON.stringify(row) }));
      const [first] = await accept.accept(source, simulated, items);
      return first as number;
    },
    acceptWithin: (_transaction, source, simulated, items) => accept.accept(source, simulated, items),
  };
  return accept;
}

export interface HttpFixture {
  readonly app: FastifyInstance;
  readonly deps: HttpDeps;
  readonly directory: TestDirectory;
  readonly accept: MemoryAccept;
  /** What was answered with a 5xx. */
  readonly reported: unknown[];
  [Symbol.asyncDispose](): Promise<void>;
}

/** The server with plain data behind it and no database: verbs that would read one answer an empty object. */
export function createHttpFixture(change: Partial<HttpDeps> = {}): HttpFixture {
  const directory = createTestDirectory();
  const accept = createMemoryAccept();
  const reported: unknown[] = [];
  const empty = async (): Promise<object> => ({});
  const deps: HttpDeps = {
    config: { publicUrl: 'https://sms.example', corsOrigins: [] },
    directory,
    accept,
    idCodec: createIdCodec(Buffer.alloc(32, 7), 'message'),
    pool: createPool({ host: '127.0.0.1', port: 1 }, { name: 'nowhere', max: 1 }),
    clock: () => NOW_MS,
    cover: createAnswerCover(Buffer.alloc(32, 7)),
    optInPages: {
      page: async () => null,
      submit: async () => null,
      follow: async () => null,
      qrCode: () => null,
    },
    callbacks: { serves: () => false, receive: () => Promise.reject(new Error('No carrier calls here')) },
    verbs: {
      getMessage: empty,
      listMessages: empty,
      cancelMessage: empty,
      preflight: empty,
      contacts: new Proxy({}, { get: () => empty }) as HttpDeps['verbs']['contacts'],
      validatePhone: empty,
      validatePhoneBatch: empty,
      sendOtp: empty,
      verifyOtp: empty,
      listReplies: empty,
      takeOptIn: empty,
      listConsents: empty,
      listLists: empty,
      getList: empty,
      addList: empty,
      changeList: empty,
      deleteList: empty,
      verifyList: empty,
      whoAmI: async (caller) => whoAmI(caller),
      setupStatus: async (caller) => getSetupStatus({ directory }, caller),
      getSettings: empty,
      updateSettings: empty,
      pauseKey: empty,
      // Asked for by its own tests only.
      webhooks: new Proxy({} as HttpDeps['verbs']['webhooks'], { get: () => empty }),
    },
    metricsText: async () => '# no metrics\n',
    isReady: () => ({ ready: true, reasons: [] }),
    reportError: (error) => reported.push(error),
    ...change,
  };
  const app = createHttpServer(deps);
  return { app, deps, directory, accept, reported, [Symbol.asyncDispose]: () => app.close() };
}

/** A body that every check of a send lets pass. */
export const GOOD_SEND = { to: '+13125550142', list_number: '+18005551000', body: 'Hello' };
