import type { Vault } from '../secrets/index.ts';
import { secretPlace } from '../store/webhook-secret-store.ts';
import type { SigningKeys } from './signature.ts';

/** The secrets of an endpoint as they are stored. */
export interface SealedKeys {
  readonly secret: string;
  readonly oldSecret: string | null;
  readonly oldSecretUntilMs: number | null;
}

/** Opens what requests are signed with now; undefined when the secret cannot be opened. */
export async function openSigningKeys(
  vault: Pick<Vault, 'open'>,
  endpointId: string,
  { secret, oldSecret, oldSecretUntilMs }: SealedKeys,
  nowMs: number,
): Promise<SigningKeys | undefined> {
  const place = secretPlace(endpointId);
  const opened = await vault.open(secret, place);
  if (opened === undefined) return undefined;
  const isOldGood = oldSecret !== null && oldSecretUntilMs !== null && nowMs < oldSecretUntilMs;
  return { secret: opened, oldSecret: isOldGood ? ((await vault.open(oldSecret, place)) ?? null) : null };
}
