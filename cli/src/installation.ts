import type * as operator from '@trackly/server/operator';
import type { Config, ConfigFlags, Installation, OpenOptions } from '@trackly/server/operator';

/** The server's parts are loaded when a command needs them, so that help and mistakes answer at once. */
async function loadOperator(): Promise<typeof operator> {
  return await import('@trackly/server/operator');
}

export async function loadConfig(flags: ConfigFlags = {}): Promise<Config> {
  return (await loadOperator()).loadConfig(flags);
}

export async function isDebugging(): Promise<boolean> {
  return (await loadOperator()).isDebugging();
}

/** Simulated carriers; they need no installation. */
export async function loadTwins(): Promise<Pick<typeof operator, 'startTwin' | 'TWIN_TYPES' | 'twinBehavioursOf'>> {
  return await loadOperator();
}

export async function openInstallation(options: OpenOptions = { schema: 'current' }): Promise<Installation> {
  const server = await loadOperator();
  return await server.openInstallation(server.loadConfig(), options);
}

/** Opens the installation for `work` and closes it whatever happens. */
export async function withInstallation<T>(
  work: (installation: Installation) => Promise<T>,
  options?: OpenOptions,
): Promise<T> {
  await using installation = await openInstallation(options);
  return await work(installation);
}
