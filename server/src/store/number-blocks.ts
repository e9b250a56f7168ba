import type { Pool } from './pool.ts';
import { ensureMessagePartitions } from './message-partitions.ts';
import { DatabaseUnavailableError, toDatabaseError, withTransaction } from './transaction.ts';

export type NumberKind = 'message' | 'link';

/** 2^20 numbers a round trip; a second block is fetched ahead, so that accepting outlives a short outage. */
const BLOCK_SIZE = 1_048_576;

/** Hands out contiguous numbers from blocks that were reserved in the database. */
export interface NumberBlocks {
  /**
   * The first of `count` contiguous numbers, at once or after one round trip.
   * @throws DatabaseUnavailableError when the blocks in memory are used up and no new one can be had, or after the end
   */
  take(count: number): Promise<number>;
  /** The same without waiting; undefined when the blocks in memory do not hold so many. */
  takeNow(count: number): number | undefined;
  /** Gives the unused rest back when nobody has reserved since. Nothing is handed out afterwards: others may have it. */
  [Symbol.asyncDispose](): Promise<void>;
}

interface Block {
  next: number;
  end: number;
}

export async function openNumberBlocks(pool: Pool, kind: NumberKind): Promise<NumberBlocks> {
  const blocks: Block[] = [await reserve(pool, kind)];
  let pending: Promise<void> | undefined;
  let ended = false;

  function takeNow(count: number): number | undefined {
    for (let first = blocks[0]; first !== undefined; first = blocks[0]) {
      if (first.end - first.next >= count) {
        const number = first.next;
        first.next += count;
        if (blocks.length < 2) void reserveAhead().catch(() => {});
        return number;
      }
      if (blocks.length < 2) return undefined;
      blocks.shift();
    }
    return undefined;
  }

  async function addBlock(): Promise<void> {
    blocks.push(await reserve(pool, kind));
  }

  async function reserveAhead(): Promise<void> {
    if (ended) throw new DatabaseUnavailableError('This process is ending and hands out no more numbers');
    pending ??= addBlock().finally(() => {
      pending = undefined;
    });
    return await pending;
  }

  await reserveAhead();
  return {
    takeNow,
    async take(count) {
      for (;;) {
        const number = takeNow(count);
        if (number !== undefined) return number;
        await reserveAhead();
      }
    },
    async [Symbol.asyncDispose]() {
      ended = true;
      await pending?.catch(() => {});
      for (const block of blocks.splice(0).toReversed()) await giveBack(pool, kind, block);
    },
  };
}

async function reserve(pool: Pool, kind: NumberKind): Promise<Block> {
  try {
    return await withTransaction(pool, async (transaction) => {
      const { rows } = await transaction.query<{ next: number }>({
        name: 'number_block.reserve',
        text: 'update id_block set next = next + $2 where kind = $1 returning next',
        values: [kind, BLOCK_SIZE],
      });
      const end = rows[0]?.next;
      if (end === undefined) throw new Error(`no id_block of kind ${kind}`);
      if (kind === 'message') await ensureMessagePartitions(transaction, end - BLOCK_SIZE, end - 1);
      return { next: end - BLOCK_SIZE, end };
    });
  } catch (error) {
    throw toDatabaseError(error);
  }
}

async function giveBack(pool: Pool, kind: NumberKind, block: Block): Promise<void> {
  await pool
    .query({
      name: 'number_block.give_back',
      text: 'update id_block set next = $2 where kind = $1 and next = $3',
      values: [kind, block.next, block.end],
    })
    .catch(() => {});
}
