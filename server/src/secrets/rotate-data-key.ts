import { OperatorError } from '../lib/operator-error.ts';
import { readSealedCredentials, writeCredentials } from '../store/credential-store.ts';
import { addDataKey, type DataKey, deleteDataKeysBefore, readDataKeys } from '../store/installation-store.ts';
import type { Pool } from '../store/pool.ts';
import { withTransaction } from '../store/transaction.ts';
import { readSealedSecrets, secretPlace, writeSealedSecrets } from '../store/webhook-secret-store.ts';
import { isSealedBefore, openCredentials, sealCredentials } from './credentials.ts';
import { isTextSealedBefore, openText, sealText } from './sealed-text.ts';

const PAGE = 100;
const ONE_AT_A_TIME = 7_401_733_103;

export interface RotateDeps {
  readonly pool: Pool;
  readonly secretKey: Buffer;
}

/** What a rotation did, as the command shows it. */
export interface Rotation {
  readonly key_version: number;
  /** Lists whose credentials were sealed anew. */
  readonly lists: number;
  /** Endpoints of webhooks whose secrets were sealed anew. */
  readonly webhooks: number;
  /** It finished one that was cut off. */
  readonly resumed: boolean;
}

/**
 * Makes a new data key, seals all credentials with it, and deletes the old one. Servers go on meanwhile: each reading of the
 * database has the keys that its rows are sealed with. Cut off at any point, all credentials can be read, and the next call
 * finishes it.
 * @throws OperatorError `invalid`: another rotation is under way, or some credentials cannot be opened (the old key stays)
 */
export async function rotateDataKey(deps: RotateDeps): Promise<Rotation> {
  const client = await deps.pool.connect();
  let isUnlocked = false;
  try {
    const { rows } = await client.query<{ mine: boolean }>(`select pg_try_advisory_lock(${ONE_AT_A_TIME}) as mine`);
    if (rows[0]?.mine !== true) throw new OperatorError('invalid', 'Another `trackly secrets rotate` is under way');
    try {
      return await rotate(deps);
    } finally {
      // The end of the connection would unlock too, but a while later: who tries again at once would be refused.
      await client.query(`select pg_advisory_unlock(${ONE_AT_A_TIME})`);
      isUnlocked = true;
    }
  } finally {
    client.release(!isUnlocked);
  }
}

async function rotate({ pool, secretKey }: RotateDeps): Promise<Rotation> {
  const { newest, resumed } = await withTransaction(pool, async (transaction) => {
    const keys = await readDataKeys(transaction, secretKey);
    const last = keys.at(-1)?.version ?? 0;
    if (keys.length > 1) return { newest: last, resumed: true };
    await addDataKey(transaction, secretKey, last + 1);
    return { newest: last + 1, resumed: false };
  });
  const keys = await readDataKeys(pool, secretKey);
  const { lists, unreadable } = await sealAnew(pool, keys, newest);
  if (unreadable.length > 0) {
    throw new OperatorError(
      'invalid',
      `The credentials of list ${unreadable.join(', ')} cannot be opened: give them again with \`trackly lists set ID ` +
        `--credentials-file FILE\`, then rotate again`,
    );
  }
  const webhooks = await sealSecretsAnew(pool, keys, newest);
  await withTransaction(pool, (transaction) => deleteDataKeysBefore(transaction, newest));
  return { key_version: newest, lists, webhooks, resumed };
}

/** Secrets of webhooks. One that cannot be opened stays as it is: no key opens it, and its endpoint gets a new one by hand. */
async function sealSecretsAnew(pool: Pool, keys: readonly DataKey[], newest: number): Promise<number> {
  const key = keys.find(({ version }) => version === newest);
  if (key === undefined) throw new Error('The new data key is gone');
  const anew = (sealed: string | null, place: string): string | null => {
    if (sealed === null || !isTextSealedBefore(newest, sealed)) return sealed;
    const text = openText(keys, sealed, place);
    return text === undefined ? sealed : sealText(key, text, place);
  };
  let count = 0;
  for (let afterId: string | undefined = ''; afterId !== undefined;) {
    const from: string = afterId;
    afterId = await withTransaction(pool, async (transaction) => {
      const page = await readSealedSecrets(transaction, from, PAGE);
      for (const { id, secret, oldSecret } of page) {
        const place = secretPlace(id);
        const next = { secret: anew(secret, place) ?? secret, oldSecret: anew(oldSecret, place) };
        if (next.secret === secret && next.oldSecret === oldSecret) continue;
        await writeSealedSecrets(transaction, id, next);
        count++;
      }
      return page.at(-1)?.id;
    });
  }
  return count;
}

async function sealAnew(
  pool: Pool,
  keys: readonly DataKey[],
  newest: number,
): Promise<{ lists: number; unreadable: number[] }> {
  const key = keys.find(({ version }) => version === newest);
  if (key === undefined) throw new Error('The new data key is gone');
  const unreadable: number[] = [];
  let lists = 0;
  for (let afterId: number | undefined = 0; afterId !== undefined;) {
    const from: number = afterId;
    afterId = await withTransaction(pool, async (transaction) => {
      const page = await readSealedCredentials(transaction, from, PAGE);
      for (const { id, credentials } of page) {
        if (!isSealedBefore(newest, credentials)) continue;
        const opened = openCredentials(keys, id, credentials);
        if (opened === null) {
          unreadable.push(id);
          continue;
        }
        await writeCredentials(transaction, id, sealCredentials(key, id, opened));
        lists++;
      }
      return page.at(-1)?.id;
    });
  }
  return { lists, unreadable };
}
