import { isIP } from 'node:net';
import { resolve } from 'node:path';
import type { Config, LogEngine, LogLevel, Role } from './config.ts';
import type { Env, Variable } from './env.ts';

const ROLES = ['api', 'pipeline', 'scheduler', 'redirector'] as const satisfies readonly Role[];
const LOG_LEVELS = [
  'trace',
  'debug',
  'info',
  'warn',
  'error',
  'fatal',
  'silent',
] as const satisfies readonly LogLevel[];
const DEFAULT_PORT = 8080;
const SECRET_BYTES = 32;

/** The environment cannot be used; `problems` has one sentence each, secrets masked, safe to print. */
export class ConfigError extends Error {
  override readonly name = 'ConfigError';
  readonly problems: readonly string[];

  constructor(problems: readonly string[]) {
    super(problems.join('\n'));
    this.problems = problems;
  }
}

/** What the command line says; each goes before its variable. */
export interface ConfigFlags {
  readonly roles?: string | undefined;
  readonly port?: string | undefined;
  readonly host?: string | undefined;
}

/**
 * Checks and types everything the environment decides.
 * @throws ConfigError with all problems at once
 */
export function toConfig(env: Env, flags: ConfigFlags = {}): Config {
  const reader = createReader(env, flags);
  const host = reader.read('HOST', '127.0.0.1', parseHost, 'a host name or an IP address');
  const port = reader.read('PORT', DEFAULT_PORT, parsePort, 'a whole number from 0 to 65535');
  const config: Config = {
    host,
    port,
    dataDir: resolve(env.TRACKLY_DATA_DIR ?? 'data'),
    firstApiKey: reader.read('TRACKLY_API_KEY', null, parseApiKey, '1 to 255 visible ASCII characters without spaces'),
    databaseUrl: reader.read(
      'DATABASE_URL',
      null,
      parseDatabaseUrl,
      'like postgres://user:password@host:5432/database',
    ),
    log: readLog(env, reader),
    roles: reader.read('TRACKLY_ROLES', new Set<Role>(ROLES), parseRoles, `a comma list of ${ROLES.join(', ')}`),
    publicUrl: reader.read('TRACKLY_PUBLIC_URL', toUrl(host, port), parsePublicUrl, 'an http or https address'),
    trustedProxies: reader.read('TRACKLY_TRUSTED_PROXIES', [], parseCidrs, CIDRS_ALLOWED),
    secretKey: reader.read('TRACKLY_SECRET_KEY', null, parseSecretKey, SECRET_ALLOWED),
    newSecretKey: reader.read('TRACKLY_NEW_SECRET_KEY', null, parseSecretKey, SECRET_ALLOWED),
    simulator: reader.read('TRACKLY_SIMULATOR', null, parseSwitch, 'on or off'),
    simulatorCidrs: reader.read('TRACKLY_SIMULATOR_CIDRS', [], parseCidrs, CIDRS_ALLOWED),
    allowUnsignedCallbacks: reader.read('TRACKLY_ALLOW_UNSIGNED_CALLBACKS', false, parseBoolean, 'true or false'),
    webhookAllowHttp: reader.read('TRACKLY_WEBHOOK_ALLOW_HTTP', false, parseBoolean, 'true or false'),
    webhookAllowedCidrs: reader.read('TRACKLY_WEBHOOK_ALLOWED_CIDRS', [], parseCidrs, CIDRS_ALLOWED),
    corsOrigins: reader.read('TRACKLY_CORS_ORIGINS', [], parseOrigins, 'a comma list like https://app.example.com'),
    dncFiles: splitList(env.TRACKLY_DNC_FILES ?? '').map((path) => resolve(path)),
    logLevel: reader.read('TRACKLY_LOG_LEVEL', 'info', oneOf(LOG_LEVELS), `one of ${LOG_LEVELS.join(', ')}`),
    production: env.NODE_ENV === 'production',
    minQueueAgeMs: readSeconds(reader, 'TRACKLY_MIN_QUEUE_AGE_SECONDS', { otherwise: 0, from: 0, to: 86_400 }),
    carrierConnectMs: readSeconds(reader, 'TRACKLY_CARRIER_CONNECT_SECONDS', { otherwise: 5, from: 1, to: 60 }),
    carrierAnswerMs: readSeconds(reader, 'TRACKLY_CARRIER_ANSWER_SECONDS', { otherwise: 20, from: 1, to: 300 }),
  };
  checkContradictions(config, env, flags, reader);
  if (reader.problems.length > 0) throw new ConfigError(reader.problems);
  return Object.freeze(config);
}

const SECRET_ALLOWED = `${SECRET_BYTES} bytes in base64`;
const CIDRS_ALLOWED = 'a comma list of networks like 10.0.0.0/8';

/** Reads one value; undefined from `parse` is a problem, and the default is used to look for more of them. */
interface Reader {
  readonly problems: string[];
  read<T>(name: Variable, otherwise: T, parse: (value: string) => T | undefined, allowed: string): T;
}

function createReader(env: Env, flags: ConfigFlags): Reader {
  const problems: string[] = [];
  return {
    problems,
    read(name, otherwise, parse, allowed) {
      const flag = toFlag(name, flags);
      const value = flag?.value ?? env[name];
      if (value === undefined) return otherwise;
      const parsed = parse(value);
      if (parsed === undefined) problems.push(`${flag?.name ?? name} is ${mask(name, value)}: it must be ${allowed}`);
      return parsed ?? otherwise;
    },
  };
}

function toFlag(name: Variable, flags: ConfigFlags): { name: string; value: string } | null {
  if (name === 'PORT' && flags.port !== undefined) return { name: '--port', value: flags.port };
  if (name === 'HOST' && flags.host !== undefined) return { name: '--host', value: flags.host };
  if (name === 'TRACKLY_ROLES' && flags.roles !== undefined) return { name: '--roles', value: flags.roles };
  return null;
}

const HIDDEN: ReadonlySet<Variable> = new Set(['TRACKLY_API_KEY', 'TRACKLY_SECRET_KEY', 'TRACKLY_NEW_SECRET_KEY']);

function mask(name: Variable, value: string): string {
  if (HIDDEN.has(name)) return '***';
  if (name === 'DATABASE_URL' || name === 'NATS_URL') return maskAddress(value);
  return JSON.stringify(value);
}

/** What can hold a password is shown only where it surely is none. */
function maskAddress(value: string): string {
  const address = parseUrl(value);
  if (address === null || address.host === '') return '***';
  return JSON.stringify(
    `${address.protocol}//${address.username === '' ? '' : '***@'}${address.host}${address.pathname}`,
  );
}

function readLog(env: Env, reader: Reader): LogEngine {
  if (env.NATS_URL !== undefined || env.LOG === 'jetstream') {
    const value = env.NATS_URL === undefined ? 'LOG is "jetstream"' : `NATS_URL is ${mask('NATS_URL', env.NATS_URL)}`;
    reader.problems.push(`${value}: this version has no JetStream log; unset it and let LOG be lmdb or postgres`);
    return 'lmdb';
  }
  return reader.read('LOG', 'lmdb', oneOf(['lmdb', 'postgres'] as const), 'lmdb or postgres');
}

/** Processes that share the work must share the engines, and those of one data folder belong to one process. */
function checkContradictions(config: Config, env: Env, flags: ConfigFlags, reader: Reader): void {
  if (config.roles.size === ROLES.length) return;
  const missing = [
    ...(env.DATABASE_URL === undefined ? ['DATABASE_URL'] : []),
    ...(config.log === 'lmdb' ? ['LOG=postgres'] : []),
  ];
  if (missing.length === 0) return;
  const name = flags.roles === undefined ? 'TRACKLY_ROLES' : '--roles';
  const roles = [...config.roles].join(',');
  reader.problems.push(`${name} is "${roles}": processes with a part of the roles also need ${missing.join(' and ')}`);
}

function parseHost(value: string): string | undefined {
  return isIP(value) > 0 || /^[a-z0-9]([a-z0-9.-]*[a-z0-9])?$/i.test(value) ? value : undefined;
}

function parsePort(value: string): number | undefined {
  return parseInteger(value, 65_535);
}

/** A whole number of seconds within a range, inclusive, as milliseconds. */
function readSeconds(
  reader: Reader,
  name: Variable,
  { otherwise, from, to }: { readonly otherwise: number; readonly from: number; readonly to: number },
): number {
  const parse = (value: string): number | undefined => {
    const seconds = parseInteger(value, to);
    return seconds === undefined || seconds < from ? undefined : seconds;
  };
  return reader.read(name, otherwise, parse, `a whole number from ${from} to ${to}`) * 1_000;
}

function parseInteger(value: string, maximum: number): number | undefined {
  const number = /^\d{1,9}$/.test(value) ? Number(value) : Number.NaN;
  return number <= maximum ? number : undefined;
}

function parseApiKey(value: string): string | undefined {
  return /^[\x21-\x7e]{1,255}$/.test(value) ? value : undefined;
}

function parseDatabaseUrl(value: string): string | undefined {
  const address = parseUrl(value);
  if (address === null || !['postgres:', 'postgresql:'].includes(address.protocol)) return undefined;
  return address.hostname !== '' || address.searchParams.has('host') ? value : undefined;
}

function parseRoles(value: string): ReadonlySet<Role> | undefined {
  const roles = splitList(value).map(oneOf(ROLES));
  return roles.length === 0 || roles.includes(undefined)
    ? undefined
    : new Set(roles.filter((role) => role !== undefined));
}

function parsePublicUrl(value: string): string | undefined {
  const address = parseUrl(value);
  if (address === null || !isWeb(address) || address.search !== '' || address.hash !== '') return undefined;
  return address.username === '' && address.password === '' ? address.href.replace(/\/+$/, '') : undefined;
}

function parseSecretKey(value: string): Buffer | undefined {
  const bytes = /^[A-Za-z0-9+/]{43}=?$/.test(value) ? Buffer.from(value, 'base64') : null;
  return bytes?.length === SECRET_BYTES ? bytes : undefined;
}

function parseSwitch(value: string): boolean | undefined {
  return value === 'on' ? true : value === 'off' ? false : undefined;
}

function parseBoolean(value: string): boolean | undefined {
  return value === 'true' ? true : value === 'false' ? false : undefined;
}

function parseCidrs(value: string): readonly string[] | undefined {
  const networks = splitList(value);
  return networks.every(isCidr) ? networks : undefined;
}

function isCidr(value: string): boolean {
  const [address = '', length = '', more] = value.split('/');
  const family = isIP(address);
  return family > 0 && more === undefined && parseInteger(length, family === 4 ? 32 : 128) !== undefined;
}

function parseOrigins(value: string): readonly string[] | undefined {
  const origins = splitList(value);
  return origins.every((origin) => isOrigin(origin)) ? origins : undefined;
}

function isOrigin(value: string): boolean {
  const address = parseUrl(value);
  return address !== null && isWeb(address) && address.origin === value;
}

function isWeb(address: URL): boolean {
  return address.protocol === 'http:' || address.protocol === 'https:';
}

function parseUrl(value: string): URL | null {
  return URL.canParse(value) ? new URL(value) : null;
}

function splitList(value: string): string[] {
  const items = value.split(',').map((item) => item.trim());
  return items.filter((item) => item !== '');
}

function oneOf<T extends string>(allowed: readonly T[]): (value: string) => T | undefined {
  return (value) => allowed.find((item) => item === value);
}

function toUrl(host: string, port: number): string {
  return `http://${isIP(host) === 6 ? `[${host}]` : host}:${port}`;
}
