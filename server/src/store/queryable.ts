import type { Pool } from './pool.ts';

/** A pool, or a transaction where the statement belongs to it. */
export type Queryable = Pick<Pool, 'query'>;
