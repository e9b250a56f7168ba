import type { Config } from '../config/config.ts';
import { OperatorError } from '../lib/operator-error.ts';
import { type NewSecret, type ReplaceDeps, replaceSecretKey } from './replace-secret-key.ts';
import { rotateDataKey, type Rotation } from './rotate-data-key.ts';

/** `secret_key`: where the new one is; null: it was not replaced. */
export type SecretsRotation = Rotation & { readonly secret_key: 'settings' | 'data folder' | null };

export interface RotateSecretsDeps extends ReplaceDeps {
  readonly config: Pick<Config, 'secretKey' | 'newSecretKey' | 'dataDir'>;
}

/**
 * Seals all credentials with a new data key, and with `replaceSecretKey` under a new secret key before.
 * @throws OperatorError `invalid`
 */
export async function rotateSecrets(
  deps: RotateSecretsDeps,
  input: { readonly replaceSecretKey: boolean },
): Promise<SecretsRotation> {
  if (!input.replaceSecretKey) return { ...(await rotateDataKey(deps)), secret_key: null };
  const secretKey = await replaceSecretKey(deps, toNewSecret(deps.config));
  const rotation = await rotateDataKey({ ...deps, secretKey });
  return { ...rotation, secret_key: deps.config.secretKey === null ? 'data folder' : 'settings' };
}

function toNewSecret({ secretKey, newSecretKey, dataDir }: RotateSecretsDeps['config']): NewSecret {
  if (secretKey === null) return { folder: dataDir };
  if (newSecretKey !== null) return { key: newSecretKey };
  throw new OperatorError(
    'invalid',
    'TRACKLY_SECRET_KEY is set, so the one to come must be given as TRACKLY_NEW_SECRET_KEY, such as from ' +
      '`openssl rand -base64 32`',
  );
}
