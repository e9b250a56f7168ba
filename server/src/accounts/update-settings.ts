import { randomBytes } from 'node:crypto';
import type { Clock } from '../lib/clock.ts';
import { AppError } from '../lib/errors.ts';
import { findFieldError, type Row } from '../lib/fields.ts';
import { addAccountSettings, ensurePostbackSecret } from '../store/account-settings-store.ts';
import type { Pool } from '../store/pool.ts';
import { withTransaction } from '../store/transaction.ts';
import type { Caller, Directory } from './directory-types.ts';
import { NULLABLE_SETTINGS, settingFields, toSettingsView } from './settings.ts';

export interface SettingsDeps {
  readonly pool: Pool;
  readonly directory: Pick<Directory, 'refresh'>;
  readonly clock: Clock;
}

export interface SettingsAnswer {
  readonly settings: Record<string, unknown>;
}

/** All settings of the caller's account. Makes the secret for postbacks when it is asked for first. */
export async function getSettings({ pool }: Pick<SettingsDeps, 'pool'>, { account }: Caller): Promise<SettingsAnswer> {
  const stored = await withTransaction(pool, (transaction) =>
    ensurePostbackSecret(transaction, account.id, newPostbackSecret()),
  );
  return { settings: toSettingsView(account, stored) };
}

/**
 * Changes the settings that the patch names; unknown and read-only names are ignored. Holds for this process when the
 * promise resolves and for others moments later.
 * @throws AppError `invalid_<name>` of the first value that is wrong; nothing is changed then
 */
export async function updateSettings(deps: SettingsDeps, { account }: Caller, patch: Row): Promise<SettingsAnswer> {
  const error = findFieldError(settingFields, patch, deps.clock());
  if (error !== undefined) throw new AppError(error);
  const changes = toChanges(patch);
  const stored = await withTransaction(deps.pool, async (transaction) => {
    await ensurePostbackSecret(transaction, account.id, newPostbackSecret());
    return await addAccountSettings(transaction, account.id, changes);
  });
  await deps.directory.refresh();
  return { settings: toSettingsView(account, stored) };
}

function toChanges(patch: Row): Row {
  const changes: Record<string, unknown> = {};
  for (const { name } of settingFields.all) {
    const value = patch[name];
    const isGiven = value !== undefined && (value !== null || NULLABLE_SETTINGS.has(name));
    if (isGiven && name !== 'rotate_postback_secret') changes[name] = value;
  }
  if (patch['rotate_postback_secret'] === true) changes['postback_secret'] = newPostbackSecret();
  return changes;
}

function newPostbackSecret(): string {
  return randomBytes(16).toString('hex');
}
