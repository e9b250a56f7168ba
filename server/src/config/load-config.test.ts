import { resolve } from 'node:path';
import { afterEach, expect, test } from 'vitest';
import type { Config } from './config.ts';
import { type Env, readEnv } from './env.ts';
import { ConfigError, type ConfigFlags, toConfig } from './load-config.ts';

const SECRET = Buffer.alloc(32, 5).toString('base64');

function problemsOf(env: Env, flags: ConfigFlags = {}): readonly string[] {
  try {
    toConfig(env, flags);
  } catch (error) {
    if (error instanceof ConfigError) return error.problems;
    throw error;
  }
  return [];
}

test('an empty environment gives one machine with everything on it', () => {
  expect(toConfig({})).toEqual({
    allowUnsignedCallbacks: false,
    host: '127.0.0.1',
    port: 8080,
    dataDir: resolve('data'),
    firstApiKey: null,
    databaseUrl: null,
    log: 'lmdb',
    roles: new Set(['api', 'pipeline', 'scheduler', 'redirector']),
    publicUrl: 'http://127.0.0.1:8080',
    trustedProxies: [],
    secretKey: null,
    newSecretKey: null,
    simulator: null,
    simulatorCidrs: [],
    webhookAllowHttp: false,
    webhookAllowedCidrs: [],
    corsOrigins: [],
    dncFiles: [],
    logLevel: 'info',
    production: false,
    minQueueAgeMs: 0,
    carrierConnectMs: 5_000,
    carrierAnswerMs: 20_000,
  });
});

test.each<[Env, Partial<Config>]>([
  [{ PORT: '0' }, { port: 0 }],
  [
    { PORT: '9000', HOST: '::1' },
    { port: 9000, host: '::1', publicUrl: 'http://[::1]:9000' },
  ],
  [{ HOST: 'sms.example.com' }, { publicUrl: 'http://sms.example.com:8080' }],
  [{ TRACKLY_DATA_DIR: '/var/lib/sms' }, { dataDir: '/var/lib/sms' }],
  [{ TRACKLY_API_KEY: 'my-key_1' }, { firstApiKey: 'my-key_1' }],
  [{ DATABASE_URL: 'postgresql://u:p@db/sms' }, { databaseUrl: 'postgresql://u:p@db/sms' }],
  [{ DATABASE_URL: 'postgres:///sms?host=/run/pg' }, { databaseUrl: 'postgres:///sms?host=/run/pg' }],
  [{ LOG: 'postgres' }, { log: 'postgres' }],
  [{ LOG: 'lmdb' }, { log: 'lmdb' }],
  [
    { TRACKLY_ROLES: 'api, pipeline,api', DATABASE_URL: 'postgres://db/x', LOG: 'postgres' },
    { roles: new Set(['api', 'pipeline']) },
  ],
  [{ TRACKLY_PUBLIC_URL: 'https://sms.example.com/base/' }, { publicUrl: 'https://sms.example.com/base' }],
  [{ TRACKLY_SECRET_KEY: SECRET }, { secretKey: Buffer.alloc(32, 5) }],
  [{ TRACKLY_TRUSTED_PROXIES: '127.0.0.1/32, fd00::/8' }, { trustedProxies: ['127.0.0.1/32', 'fd00::/8'] }],
  [{ TRACKLY_SIMULATOR: 'on' }, { simulator: true }],
  [{ TRACKLY_SIMULATOR: 'off' }, { simulator: false }],
  [{ TRACKLY_SIMULATOR_CIDRS: '10.0.0.0/8, fd00::/8' }, { simulatorCidrs: ['10.0.0.0/8', 'fd00::/8'] }],
  [
    { TRACKLY_CORS_ORIGINS: 'https://a.example,http://localhost:3000' },
    { corsOrigins: ['https://a.example', 'http://localhost:3000'] },
  ],
  [{ TRACKLY_LOG_LEVEL: 'silent' }, { logLevel: 'silent' }],
  [{ NODE_ENV: 'production' }, { production: true }],
  [{ TRACKLY_MIN_QUEUE_AGE_SECONDS: '10' }, { minQueueAgeMs: 10_000 }],
  [{ TRACKLY_CARRIER_CONNECT_SECONDS: '1' }, { carrierConnectMs: 1_000 }],
  [{ TRACKLY_CARRIER_ANSWER_SECONDS: '300' }, { carrierAnswerMs: 300_000 }],
  [{ TRACKLY_WEBHOOK_ALLOW_HTTP: 'true' }, { webhookAllowHttp: true }],
  [{ TRACKLY_WEBHOOK_ALLOWED_CIDRS: '10.1.0.0/16' }, { webhookAllowedCidrs: ['10.1.0.0/16'] }],
  [{ TRACKLY_ALLOW_UNSIGNED_CALLBACKS: 'false' }, {}],
])('%o is understood', (env, expected) => {
  expect(toConfig(env)).toMatchObject(expected);
});

const PORT_ALLOWED = 'it must be a whole number from 0 to 65535';
const DATABASE_ALLOWED = 'it must be like postgres://user:password@host:5432/database';
const CIDRS_ALLOWED = 'it must be a comma list of networks like 10.0.0.0/8';

test.each<[Env, string]>([
  [{ PORT: 'http' }, `PORT is "http": ${PORT_ALLOWED}`],
  [{ PORT: '65536' }, `PORT is "65536": ${PORT_ALLOWED}`],
  [{ PORT: '-1' }, `PORT is "-1": ${PORT_ALLOWED}`],
  [{ PORT: '80.5' }, `PORT is "80.5": ${PORT_ALLOWED}`],
  [{ HOST: 'a b' }, 'HOST is "a b": it must be a host name or an IP address'],
  [
    { TRACKLY_API_KEY: 'two words' },
    'TRACKLY_API_KEY is ***: it must be 1 to 255 visible ASCII characters without spaces',
  ],
  [{ DATABASE_URL: 'mysql://u:secret@db/x' }, `DATABASE_URL is "mysql://***@db/x": ${DATABASE_ALLOWED}`],
  [{ DATABASE_URL: 'u:secret@db' }, `DATABASE_URL is ***: ${DATABASE_ALLOWED}`],
  [{ DATABASE_URL: 'postgres://' }, `DATABASE_URL is ***: ${DATABASE_ALLOWED}`],
  [{ LOG: 'redis' }, 'LOG is "redis": it must be lmdb or postgres'],
  [
    { LOG: 'jetstream' },
    'LOG is "jetstream": this version has no JetStream log; unset it and let LOG be lmdb or postgres',
  ],
  [
    { NATS_URL: 'nats://u:secret@n1:4222' },
    'NATS_URL is "nats://***@n1:4222": this version has no JetStream log; unset it and let LOG be lmdb or postgres',
  ],
  [
    { TRACKLY_ROLES: 'api,web' },
    'TRACKLY_ROLES is "api,web": it must be a comma list of api, pipeline, scheduler, redirector',
  ],
  [{ TRACKLY_ROLES: ',' }, 'TRACKLY_ROLES is ",": it must be a comma list of api, pipeline, scheduler, redirector'],
  [
    { TRACKLY_PUBLIC_URL: 'sms.example.com' },
    'TRACKLY_PUBLIC_URL is "sms.example.com": it must be an http or https address',
  ],
  [{ TRACKLY_PUBLIC_URL: 'ftp://x' }, 'TRACKLY_PUBLIC_URL is "ftp://x": it must be an http or https address'],
  [{ TRACKLY_SECRET_KEY: 'c2hvcnQ=' }, 'TRACKLY_SECRET_KEY is ***: it must be 32 bytes in base64'],
  [{ TRACKLY_SIMULATOR: 'yes' }, 'TRACKLY_SIMULATOR is "yes": it must be on or off'],
  [{ TRACKLY_SIMULATOR_CIDRS: '10.0.0.0/33' }, `TRACKLY_SIMULATOR_CIDRS is "10.0.0.0/33": ${CIDRS_ALLOWED}`],
  [{ TRACKLY_SIMULATOR_CIDRS: '10.0.0.0' }, `TRACKLY_SIMULATOR_CIDRS is "10.0.0.0": ${CIDRS_ALLOWED}`],
  [
    { TRACKLY_CORS_ORIGINS: 'https://a.example/path' },
    'TRACKLY_CORS_ORIGINS is "https://a.example/path": it must be a comma list like https://app.example.com',
  ],
  [
    { TRACKLY_LOG_LEVEL: 'loud' },
    'TRACKLY_LOG_LEVEL is "loud": it must be one of trace, debug, info, warn, error, fatal, silent',
  ],
  [
    { TRACKLY_MIN_QUEUE_AGE_SECONDS: '86401' },
    'TRACKLY_MIN_QUEUE_AGE_SECONDS is "86401": it must be a whole number from 0 to 86400',
  ],
  [
    { TRACKLY_CARRIER_CONNECT_SECONDS: '0' },
    'TRACKLY_CARRIER_CONNECT_SECONDS is "0": it must be a whole number from 1 to 60',
  ],
  [
    { TRACKLY_CARRIER_ANSWER_SECONDS: '301' },
    'TRACKLY_CARRIER_ANSWER_SECONDS is "301": it must be a whole number from 1 to 300',
  ],
  [{ TRACKLY_WEBHOOK_ALLOW_HTTP: '1' }, 'TRACKLY_WEBHOOK_ALLOW_HTTP is "1": it must be true or false'],
  [{ TRACKLY_WEBHOOK_ALLOWED_CIDRS: 'x' }, `TRACKLY_WEBHOOK_ALLOWED_CIDRS is "x": ${CIDRS_ALLOWED}`],
  [{ TRACKLY_ALLOW_UNSIGNED_CALLBACKS: 'on' }, 'TRACKLY_ALLOW_UNSIGNED_CALLBACKS is "on": it must be true or false'],
])('%o is refused with the name, the value and what is allowed', (env, problem) => {
  expect(problemsOf(env)).toEqual([problem]);
});

test.each<[Env, string]>([
  [{}, 'DATABASE_URL and LOG=postgres'],
  [{ LOG: 'postgres' }, 'DATABASE_URL'],
  [{ DATABASE_URL: 'postgres://db/x' }, 'LOG=postgres'],
])('a part of the roles with %o needs engines that processes can share', (env, missing) => {
  const sentence = `is "api": processes with a part of the roles also need ${missing}`;
  expect(problemsOf({ ...env, TRACKLY_ROLES: 'api' })).toEqual([`TRACKLY_ROLES ${sentence}`]);
  expect(problemsOf(env, { roles: 'api' })).toEqual([`--roles ${sentence}`]);
});

test('all problems are told at once, and none of them tells a secret', () => {
  const problems = problemsOf({
    PORT: 'x',
    TRACKLY_SECRET_KEY: 'my secret',
    DATABASE_URL: 'http://root:hunter2@db',
    TRACKLY_ROLES: 'none',
  });
  expect(problems.map((problem) => problem.split(' ')[0])).toEqual([
    'PORT',
    'DATABASE_URL',
    'TRACKLY_ROLES',
    'TRACKLY_SECRET_KEY',
  ]);
  expect(problems.join('\n')).not.toMatch(/hunter2|my secret/);
  expect(new ConfigError(problems).message.split('\n')).toEqual(problems);
});

test('the command line goes before the environment and is named in problems', () => {
  expect(toConfig({ PORT: '1', HOST: '127.0.0.2' }, { port: '2', host: '127.0.0.3' })).toMatchObject({
    port: 2,
    host: '127.0.0.3',
    publicUrl: 'http://127.0.0.3:2',
  });
  expect(problemsOf({ PORT: '1' }, { port: 'x' })).toEqual([`--port is "x": ${PORT_ALLOWED}`]);
});

test('the result cannot be changed', () => {
  expect(Object.isFrozen(toConfig({}))).toBe(true);
});

const before = process.env['TRACKLY_ROLES'];
afterEach(() => {
  if (before === undefined) delete process.env['TRACKLY_ROLES'];
  else process.env['TRACKLY_ROLES'] = before;
});

test('an empty variable counts as not set, and others than ours are not read', () => {
  process.env['TRACKLY_ROLES'] = ' ';
  const env = readEnv();
  expect(env).not.toHaveProperty('TRACKLY_ROLES');
  expect(env).not.toHaveProperty('PATH');
});
