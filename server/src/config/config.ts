export type Role = 'api' | 'pipeline' | 'scheduler' | 'redirector';
export type LogEngine = 'lmdb' | 'postgres';
export type LogLevel = 'trace' | 'debug' | 'info' | 'warn' | 'error' | 'fatal' | 'silent';

/** Everything that the environment decides, checked and typed. Frozen. */
export interface Config {
  readonly host: string;
  readonly port: number;
  /** Absolute. */
  readonly dataDir: string;
  /** The first key of a new installation; null: one is made. */
  readonly firstApiKey: string | null;
  /** null: the embedded PostgreSQL in the data folder. */
  readonly databaseUrl: string | null;
  readonly log: LogEngine;
  readonly roles: ReadonlySet<Role>;
  /** Without a trailing slash. */
  readonly publicUrl: string;
  /** Networks of proxies whose `X-Forwarded-For` names the client. */
  readonly trustedProxies: readonly string[];
  /** null: a file in the data folder, made on the first start. */
  readonly secretKey: Buffer | null;
  /** What `trackly secrets rotate --secret-key` puts in the place of `secretKey`. */
  readonly newSecretKey: Buffer | null;
  /** null: on while every list is a simulator list (never by itself with NODE_ENV=production). */
  readonly simulator: boolean | null;
  /** Networks beside loopback that may see the simulator's pages. */
  readonly simulatorCidrs: readonly string[];
  /** Do-not-call lists: absolute paths of files with one number a line. */
  readonly dncFiles: readonly string[];
  readonly corsOrigins: readonly string[];
  /** Carriers that sign nothing may call lists that have no `callback_secret`. */
  readonly allowUnsignedCallbacks: boolean;
  /** Endpoints of webhooks may use plain http. */
  readonly webhookAllowHttp: boolean;
  /** Networks that webhooks may reach although they are private. */
  readonly webhookAllowedCidrs: readonly string[];
  readonly logLevel: LogLevel;
  readonly production: boolean;
  /** Messages younger than this wait, lifecycle.md 5 (`min_queue_age_seconds`). */
  readonly minQueueAgeMs: number;
  /** Time limits of HTTP carriers: until a request is written, and from there to the end of its answer. */
  readonly carrierConnectMs: number;
  readonly carrierAnswerMs: number;
}
