import type { Transaction } from './transaction.ts';

type StoredSettings = Readonly<Record<string, unknown>>;

/** The stored settings of an account, with `secret` as its `postback_secret` if it had none. */
export async function ensurePostbackSecret(
  transaction: Transaction,
  accountId: string,
  secret: string,
): Promise<StoredSettings> {
  await transaction.query({
    name: 'account.ensure_postback_secret',
    text: `update account set settings = settings || jsonb_build_object('postback_secret', $2::text)
      where id = $1 and not settings ? 'postback_secret'`,
    values: [accountId, secret],
  });
  const { rows } = await transaction.query<{ settings: StoredSettings }>({
    name: 'account.settings',
    text: 'select settings from account where id = $1',
    values: [accountId],
  });
  return rows[0]?.settings ?? {};
}

/** Puts the changes over the stored settings of an account; resolves with all of them. */
export async function addAccountSettings(
  transaction: Transaction,
  accountId: string,
  changes: StoredSettings,
): Promise<StoredSettings> {
  const { rows } = await transaction.query<{ settings: StoredSettings }>({
    name: 'account.add_settings',
    text: 'update account set settings = settings || $2::jsonb where id = $1 returning settings',
    values: [accountId, JSON.stringify(changes)],
  });
  return rows[0]?.settings ?? {};
}
