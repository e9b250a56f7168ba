import { access } from 'node:fs/promises';
import { join } from 'node:path';
import { Client, type ClientConfig } from 'pg';
import * as accounts from './accounts/index.ts';
import type { Account, Caller, Directory, List } from './accounts/index.ts';
import { readCredentialFields } from './carriers/index.ts';
import * as compliance from './compliance/index.ts';
import type { Config } from './config/config.ts';
import { readEnv } from './config/env.ts';
import { type ConfigFlags, toConfig } from './config/load-config.ts';
import type { Withdraw } from './contacts/index.ts';
import * as doctor from './doctor/index.ts';
import { type Clock, systemClock } from './lib/clock.ts';
import { DisposalStack } from './lib/disposal-stack.ts';
import { AppError } from './lib/errors.ts';
import { OperatorError } from './lib/operator-error.ts';
import { createIdCodec } from './lib/public-id.ts';
import * as lists from './lists/index.ts';
import { openLmdbLog } from './log/lmdb-log.ts';
import * as messages from './messages/index.ts';
import type { Accept } from './pipeline/accept-types.ts';
import { toBatches } from './pipeline/stages/accept-stage.ts';
import { landAndTell } from './pipeline/stages/land-stage.ts';
import * as secrets from './secrets/index.ts';
import { checkCarrier } from './operator-carriers.ts';
import { bindContacts, type OperatorContacts } from './operator-contacts.ts';
import { openDataFolder, readSecretKey } from './store/data-folder.ts';
import { readLogCursor, readPostgresBacklog } from './store/health-store.ts';
import { migrate } from './store/migrate.ts';
import { openNumberBlocks } from './store/number-blocks.ts';
import { createPool, type Pool } from './store/pool.ts';
import { borrowPostgres } from './store/running-postgres.ts';
import { afterCommit, type Transaction, withTransaction } from './store/transaction.ts';
import { openWithdrawalLink, type Stopped } from './store/withdrawal-link.ts';

export type { AccountView, CreatedKey, KeyView } from './accounts/index.ts';
export type { Config } from './config/config.ts';
export { ConfigError, type ConfigFlags } from './config/load-config.ts';
export type { LedgerCheck, LedgersCheck } from './compliance/index.ts';
export type { HealthCheck } from './doctor/index.ts';
export { AppError } from './lib/errors.ts';
export { OperatorError } from './lib/operator-error.ts';
export type { CheckStep, OperatorList } from './lists/index.ts';
export { startTwin, TWIN_TYPES, twinBehavioursOf, type Twin, type TwinType } from './operator-carriers.ts';
export type { MessagePage, MessageView, RawMessageQuery } from './messages/index.ts';
export type { ContactImportReport } from './operator-contacts.ts';

/** Types of lists that a carrier of this version serves, with what their carriers need. */
const LIST_TYPES = readCredentialFields();
const POOL_SIZE = 4;

/**
 * What the environment and the command line decide.
 * @throws ConfigError with all problems at once
 */
export function loadConfig(flags: ConfigFlags = {}): Config {
  return toConfig(readEnv(), flags);
}

/** The operator asked for causes and stacks. */
export function isDebugging(): boolean {
  const level = readEnv().TRACKLY_LOG_LEVEL;
  return level === 'debug' || level === 'trace';
}

export interface OpenOptions {
  /** `current`: refuses a database whose migrations are not all applied. `any`: for commands that apply or tell them. */
  readonly schema: 'current' | 'any';
  /** Makes the data folder of an installation that was never started. */
  readonly create?: boolean;
}

export interface SendRequest {
  readonly to: string;
  /** Number, id or `pn_...` of a list of any account. */
  readonly list: string;
  readonly body: string;
}

/** `name`: number, id or `pn_...`. */
export interface ListCheck {
  readonly name: string;
  readonly to?: string | undefined;
  /** Of each step; default 60,000. */
  readonly timeoutMs?: number | undefined;
}

/** An installation as commands see it, beside the server that may run on it. */
export interface Installation {
  readonly accounts: {
    create(input: { name: string; email: string }): Promise<accounts.AccountView>;
    list(): Promise<accounts.AccountView[]>;
    /** The named one, else the only one. */
    find(input: { id?: string | undefined }): Promise<accounts.AccountView>;
    suspend(input: { id: string }): Promise<accounts.AccountView>;
    resume(input: { id: string }): Promise<accounts.AccountView>;
  };
  readonly keys: {
    create(input: accounts.NewKeyInput): Promise<accounts.CreatedKey>;
    list(input: { accountId: string }): Promise<accounts.KeyView[]>;
    pause(input: { id: string }): Promise<accounts.KeyView>;
    resume(input: { id: string }): Promise<accounts.KeyView>;
    revoke(input: { id: string }): Promise<accounts.KeyView>;
  };
  readonly lists: {
    create(input: lists.NewListInput): Promise<lists.OperatorList>;
    /** Of one account, or of all (null); deleted ones too. */
    list(accountId: string | null): Promise<lists.OperatorList[]>;
    /** By number, id or `pn_...`. @throws OperatorError `not_found` */
    find(name: string): Promise<lists.OperatorList>;
    set(input: lists.SetListInput): Promise<lists.OperatorList>;
    /** Looks at the way of its messages; `to` (E.164) gets a text. @returns true when nothing failed */
    check(input: ListCheck, onStep: (step: lists.CheckStep) => void): Promise<boolean>;
  };
  readonly messages: {
    /** Accepts one message in one transaction of the database. @returns its public id and the account it is in */
    send(input: SendRequest): Promise<{ id: string; accountId: string }>;
    list(accountId: string, query: messages.RawMessageQuery): Promise<messages.MessagePage>;
    get(accountId: string, id: string): Promise<messages.MessageView>;
  };
  readonly contacts: OperatorContacts;
  readonly consents: {
    /** Computes the ledgers of all accounts anew; accounts without a record are left out. `heads`: hashes of earlier checks. */
    verify(options?: { readonly heads?: readonly string[] }): Promise<compliance.LedgersCheck>;
  };
  readonly secrets: {
    /**
     * Seals all credentials with a new data key; with `replaceSecretKey` under a new secret key, while no server runs.
     * @throws OperatorError `invalid`
     */
    rotate(input: { replaceSecretKey: boolean }): Promise<secrets.SecretsRotation>;
  };
  /** Names of the migrations that were, or with `dryRun` would be, applied. */
  migrate(options: { dryRun: boolean }): Promise<readonly string[]>;
  /** Engines, clock, disk, log, leases, doubts and books. */
  examine(options: { recount: boolean }): Promise<doctor.HealthCheck[]>;
  [Symbol.asyncDispose](): Promise<void>;
}

/**
 * Opens the installation of the settings for the time of one command. The embedded database is that of the running server,
 * else it is started and stopped again. Changes take effect in running servers at once.
 * @throws Error with one sentence for the operator
 */
export async function openInstallation(config: Config, options: OpenOptions): Promise<Installation> {
  const building = new DisposalStack();
  try {
    const foundation = await openFoundation(building, config, options);
    return { ...bindVerbs(foundation), [Symbol.asyncDispose]: () => building[Symbol.asyncDispose]() };
  } catch (error) {
    await building[Symbol.asyncDispose]();
    throw error;
  }
}

interface Foundation {
  readonly config: Config;
  readonly pool: Pool;
  readonly clock: Clock;
  /** Where the database is, safe to print. */
  readonly location: string;
  /** Those of the data folder or the settings, bound to the database. */
  readonly keys: () => Promise<secrets.InstallationKeys>;
  readonly directory: () => Promise<Directory>;
  /** Tells running servers of opt-outs; no message starts to leave here. */
  readonly withdraw: Withdraw;
}

async function openFoundation(building: DisposalStack, config: Config, options: OpenOptions): Promise<Foundation> {
  const { connection, location } = await openDatabase(building, config, options);
  const pool = building.adopt(createPool(connection, { name: 'command', max: POOL_SIZE }), (it) => it.end());
  if (options.schema === 'current') await assertCurrent(pool);
  const keys = once(() => openKeys(config, pool));
  const directory = once(async () =>
    building.use(
      await accounts.openDirectory({
        pool,
        connect: () => connect(connection),
        clock: systemClock,
        secretKey: (await keys()).secretKey,
        staleAfterMs: null,
      }),
    ),
  );
  const link = once(async () =>
    building.use(
      await openWithdrawalLink({
        connect: () => connect(connection),
        workerId: null,
        clock: systemClock,
        onWithdrawn: () => {},
        onListening: () => {},
      }),
    ),
  );
  async function withdraw(transaction: Transaction, stopped: readonly Stopped[]): Promise<void> {
    afterCommit(transaction, await (await link()).tell(transaction, 'settle', stopped));
  }
  return { config, pool, clock: systemClock, location, keys, directory, withdraw };
}

async function openDatabase(
  building: DisposalStack,
  config: Config,
  { create }: OpenOptions,
): Promise<{ connection: ClientConfig; location: string }> {
  if (config.databaseUrl !== null) {
    const { host, pathname, searchParams } = new URL(config.databaseUrl);
    const location = `at ${host === '' ? (searchParams.get('host') ?? '') : host}${pathname}`;
    return { connection: { connectionString: config.databaseUrl }, location };
  }
  if (!(await exists(join(config.dataDir, 'postgresql')))) {
    if (create !== true) {
      throw new OperatorError(
        'not_found',
        `There is no installation in ${config.dataDir}: start one with \`trackly up\``,
      );
    }
    await (await openDataFolder(config.dataDir, config.secretKey))[Symbol.asyncDispose]();
  }
  const database = building.use(await borrowPostgres(config.dataDir));
  const how = database.started ? 'started for this command' : 'run by the server';
  return { connection: database.connection, location: `embedded in ${config.dataDir}, ${how}` };
}

async function assertCurrent(pool: Pool): Promise<void> {
  const pending = await migrate(pool, { dryRun: true });
  if (pending.length === 0) return;
  throw new OperatorError('invalid', `The database lacks ${pending.join(', ')}: apply them with \`trackly migrate\``);
}

async function openKeys(config: Config, pool: Pool): Promise<secrets.InstallationKeys> {
  if (config.secretKey !== null) return await secrets.bindDataFolder(pool, config.secretKey, null);
  return await secrets.bindDataFolder(pool, await readSecretKey(config.dataDir), config.dataDir);
}

async function connect(connection: ClientConfig): Promise<Client> {
  const client = new Client({ ...connection, application_name: 'trackly command' });
  await client.connect();
  return client;
}

function bindVerbs(foundation: Foundation): Omit<Installation, typeof Symbol.asyncDispose> {
  const { pool, clock } = foundation;
  const secretKey = async (): Promise<Buffer> => (await foundation.keys()).secretKey;
  return {
    accounts: {
      create: (input) => accounts.createAccount({ pool, clock }, input),
      list: () => accounts.listAccounts({ pool }),
      find: (input) => accounts.findAccount({ pool }, input),
      suspend: (input) => accounts.suspendAccount({ pool }, input),
      resume: (input) => accounts.resumeAccount({ pool }, input),
    },
    keys: {
      create: (input) => accounts.createKey({ pool, clock }, input),
      list: (input) => accounts.listKeys({ pool }, input),
      pause: (input) => accounts.pauseKey({ pool }, input),
      resume: (input) => accounts.resumeKey({ pool }, input),
      revoke: (input) => accounts.revokeKey({ pool }, input),
    },
    lists: {
      create: (input) => lists.createList({ pool, clock, secretKey, listTypes: LIST_TYPES }, input),
      list: (accountId) => lists.listAllLists({ pool }, accountId),
      find: (name) => findList(pool, name),
      check: (input, onStep) => checkList(foundation, { ...input, onStep }),
      set: (input) => lists.setList({ pool, clock, secretKey, listTypes: LIST_TYPES }, input),
    },
    messages: bindMessages(foundation),
    consents: { verify: (options) => compliance.verifyConsents({ pool }, options) },
    contacts: bindContacts({ ...foundation, toCaller, findList: lookUpList }),
    secrets: {
      rotate: async (input) => secrets.rotateSecrets({ ...foundation, secretKey: await secretKey() }, input),
    },
    migrate: ({ dryRun }) => migrate(pool, { dryRun }),
    examine: (options) => examine(foundation, options),
  };
}

async function checkList(
  foundation: Foundation,
  { name, to, timeoutMs, onStep }: ListCheck & { readonly onStep: (step: lists.CheckStep) => void },
): Promise<boolean> {
  const directory = await foundation.directory();
  const list = lookUpList(directory, name);
  if (list === undefined) throw new OperatorError('not_found', `There is no list ${name}`);
  const ofMessages = bindMessages(foundation);
  const deps = {
    ...foundation,
    directory,
    onStep,
    read: (id: string) => ofMessages.get(list.accountId, id),
    send: async (input: SendRequest) => (await ofMessages.send(input)).id,
  };
  return await checkCarrier(deps, { list, to, timeoutMs });
}

async function findList(pool: Pool, name: string): Promise<lists.OperatorList> {
  const all = await lists.listAllLists({ pool }, null);
  const matching = all.filter((list) => [String(list.id), list.v1_id, list.phone_number].includes(name));
  const found = matching.find((list) => list.status !== 'deleted') ?? matching[0];
  if (found === undefined) throw new OperatorError('not_found', `There is no list ${name}`);
  return found;
}

function bindMessages(foundation: Foundation): Installation['messages'] {
  const { pool, clock } = foundation;
  const reader = once(async () => {
    const { identityKey } = await foundation.keys();
    return {
      pool,
      clock,
      directory: await foundation.directory(),
      messageIds: createIdCodec(identityKey, 'message'),
      linkIds: createIdCodec(identityKey, 'link'),
      // What is still in the log of another process cannot be seen from here.
      landed: async (): Promise<void> => {},
    };
  });
  return {
    async list(accountId, query) {
      const deps = await reader();
      return await messages.listMessages(deps, toCaller(deps.directory, accountId), query);
    },
    async get(accountId, id) {
      const deps = await reader();
      return await messages.getMessage(deps, toCaller(deps.directory, accountId), { id });
    },
    async send(input) {
      const { directory, messageIds } = await reader();
      return await send(foundation, { directory, messageIds }, input);
    },
  };
}

type Sending = Pick<messages.MessageReaderDeps, 'messageIds'> & { readonly directory: Directory };

async function send(
  { pool, clock }: Foundation,
  { directory, messageIds }: Sending,
  { to, list: name, body }: SendRequest,
): Promise<{ id: string; accountId: string }> {
  const list = lookUpList(directory, name);
  if (list === undefined || list.status === 'deleted') throw new AppError('list_not_found');
  const caller = toCaller(directory, list.accountId);
  await using numbers = await openNumberBlocks(pool, 'message');
  const accept: Pick<Accept, 'accept' | 'acceptWithin'> = {
    accept: (...call) => withTransaction(pool, (transaction) => accept.acceptWithin(transaction, ...call)),
    async acceptWithin(transaction, source, simulated, items) {
      const taken: number[] = [];
      const call = { source, simulated, items, numbers: taken, resolve: () => {}, reject: () => {} };
      await landAndTell(transaction, toBatches([call], await numbers.take(items.length), clock()));
      return taken;
    },
  };
  const sent = await messages.sendMessage({ directory, accept, idCodec: messageIds, clock }, caller, {
    body: { to, list_number: list.number, body },
    raw: false,
    transaction: null,
  });
  return { id: sent.message_id, accountId: list.accountId };
}

function lookUpList(directory: Directory, name: string): List | undefined {
  if (/^[1-9][0-9]{0,3}$/.test(name)) return directory.list(Number(name));
  return directory.listByNumber(name) ?? directory.listByV1Id(name) ?? directory.list(Number(name));
}

/** The operator acts for an account with a key that may do everything and that nobody else can have. */
function toCaller(directory: Directory, accountId: string): Caller {
  const account: Account | undefined = directory.account(accountId);
  if (account === undefined) throw new OperatorError('not_found', `There is no account ${accountId}`);
  return {
    account,
    key: {
      id: 'operator',
      accountId,
      name: 'operator',
      status: 'active',
      sandbox: false,
      requireConfirmation: false,
      allowedListIds: null,
    },
  };
}

async function examine(foundation: Foundation, options: { recount: boolean }): Promise<doctor.HealthCheck[]> {
  const { pool, config } = foundation;
  const pendingMigrations = await migrate(pool, { dryRun: true });
  const engines = [
    ...(await doctor.checkDatabase({ ...foundation, pendingMigrations })),
    await doctor.checkDisk(config.dataDir),
  ];
  if (pendingMigrations.length > 0) return engines;
  return [
    ...engines,
    doctor.toBacklogCheck(await readLogFacts(foundation)),
    ...(await doctor.checkWork(foundation)),
    ...(await doctor.checkCarriers(foundation)),
    ...(await doctor.checkMessageBooks(pool, options)),
  ];
}

async function readLogFacts({ config, pool }: Foundation): Promise<doctor.LogFacts> {
  if (config.log === 'postgres') return { engine: 'postgres', backlog: await readPostgresBacklog(pool), reason: null };
  const dir = join(config.dataDir, 'log');
  if (!(await exists(dir))) return { engine: 'lmdb', backlog: null, reason: `there is none in ${config.dataDir}` };
  await using log = await openLmdbLog({ dir });
  let backlog = 0;
  for (const topic of ['outbound', 'events'] as const) {
    for (let partition = 0; partition < log.partitions; partition++) {
      const done = await readLogCursor(pool, log.id, topic, partition);
      backlog += Math.max(0, (await log.lastSeq(topic, partition)) - done);
    }
  }
  return { engine: 'lmdb', backlog, reason: null };
}

function once<T>(make: () => Promise<T>): () => Promise<T> {
  let made: Promise<T> | undefined;
  return () => (made ??= make());
}

async function exists(path: string): Promise<boolean> {
  try {
    await access(path);
    return true;
  } catch {
    return false;
  }
}
