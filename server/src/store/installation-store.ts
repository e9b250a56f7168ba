import { createHash } from 'node:crypto';
import type { Pool } from './pool.ts';

/** The database was made with another secret key: ids would be wrong and credentials unreadable. */
export class WrongSecretKeyError extends Error {
  override readonly name = 'WrongSecretKeyError';
}

/**
 * Binds the database to the secret key on the first start and holds later ones to it.
 * @throws WrongSecretKeyError
 */
export async function bindSecretKey(pool: Pool, secretKey: Buffer): Promise<void> {
  const fingerprint = createHash('sha256')
    .update('trackly key fingerprint')
    .update(secretKey)
    .digest('hex')
    .slice(0, 16);
  const { rows } = await pool.query<{ key_fingerprint: string }>({
    name: 'installation.bind_key',
    text: `
      insert into installation (key_fingerprint) values ($1)
      on conflict (one) do update set key_fingerprint = installation.key_fingerprint
      returning key_fingerprint`,
    values: [fingerprint],
  });
  if (rows[0]?.key_fingerprint !== fingerprint) {
    throw new WrongSecretKeyError(
      'This database belongs to an installation with another TRACKLY_SECRET_KEY; start it with that key.',
    );
  }
}
