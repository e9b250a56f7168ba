/** The variables that the program knows, as the environment has them; an empty one counts as not set. */
const VARIABLES = [
  'PORT',
  'HOST',
  'TRACKLY_DATA_DIR',
  'TRACKLY_API_KEY',
  'DATABASE_URL',
  'LOG',
  'NATS_URL',
  'TRACKLY_ROLES',
  'TRACKLY_PUBLIC_URL',
  'TRACKLY_SECRET_KEY',
  'TRACKLY_NEW_SECRET_KEY',
  'TRACKLY_TRUSTED_PROXIES',
  'TRACKLY_SIMULATOR',
  'TRACKLY_SIMULATOR_CIDRS',
  'TRACKLY_WEBHOOK_ALLOW_HTTP',
  'TRACKLY_WEBHOOK_ALLOWED_CIDRS',
  'TRACKLY_ALLOW_UNSIGNED_CALLBACKS',
  'TRACKLY_CORS_ORIGINS',
  'TRACKLY_DNC_FILES',
  'TRACKLY_LOG_LEVEL',
  'TRACKLY_MIN_QUEUE_AGE_SECONDS',
  'TRACKLY_CARRIER_CONNECT_SECONDS',
  'TRACKLY_CARRIER_ANSWER_SECONDS',
  'NODE_ENV',
] as const;

export type Variable = (typeof VARIABLES)[number];
export type Env = Readonly<Partial<Record<Variable, string>>>;

/** The only reader of the environment. */
export function readEnv(): Env {
  const env: Partial<Record<Variable, string>> = {};
  for (const name of VARIABLES) {
    const value = process.env[name]?.trim();
    if (value !== undefined && value !== '') env[name] = value;
  }
  return env;
}
