import type { Directory } from '../accounts/index.ts';
import type { Clock } from '../lib/clock.ts';
import type { Row } from '../lib/fields.ts';
import type { IdCodec } from '../lib/public-id.ts';
import type { Accept } from '../pipeline/accept-types.ts';
import type { Pool } from '../store/pool.ts';
import type { Transaction } from '../store/transaction.ts';

/** What sending and checking one-time codes needs. */
export interface OtpDeps {
  readonly pool: Pool;
  readonly directory: Pick<Directory, 'listByNumber'>;
  readonly accept: Pick<Accept, 'accept' | 'acceptWithin'>;
  readonly idCodec: Pick<IdCodec, 'encode' | 'decode'>;
  readonly clock: Clock;
  /** Keys the hashes of codes, which are too short to be safe without. */
  readonly secretKey: Buffer;
}

/** A request, and the transaction that its effect belongs to, if there is one. */
export interface OtpInput {
  readonly body: Row;
  readonly transaction: Transaction | null;
}
