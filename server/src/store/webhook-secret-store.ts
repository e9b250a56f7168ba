import type { Transaction } from './transaction.ts';

/** The secrets of an endpoint as the database has them: sealed. */
export interface SealedSecrets {
  readonly secret: string;
  /** The one before, for a day after a rotation. */
  readonly oldSecret: string | null;
}

/** What the secrets of an endpoint are sealed for. */
export function secretPlace(endpointId: string): string {
  return `webhook ${endpointId}`;
}

/** By id after `afterId`; held until the transaction ends. */
export async function readSealedSecrets(
  transaction: Transaction,
  afterId: string,
  limit: number,
): Promise<(SealedSecrets & { readonly id: string })[]> {
  const { rows } = await transaction.query<SealedSecrets & { id: string }>({
    name: 'webhook_endpoint.sealed_secrets',
    text: `
      select id, secret, old_secret as "oldSecret" from webhook_endpoint where id > $1 order by id limit $2
      for no key update`,
    values: [afterId, limit],
  });
  return rows;
}

export async function writeSealedSecrets(
  transaction: Transaction,
  endpointId: string,
  { secret, oldSecret }: SealedSecrets,
): Promise<void> {
  await transaction.query({
    name: 'webhook_endpoint.write_secrets',
    text: 'update webhook_endpoint set secret = $2, old_secret = $3 where id = $1',
    values: [endpointId, secret, oldSecret],
  });
}
