import { checkBooks, type ListBooks } from '../messages/index.ts';
import type { Pool } from '../store/pool.ts';
import { healthy, type HealthCheck, unhealthy } from './health-check.ts';

/** accepted = waiting + sum of states, one check a list that ever accepted a message. */
export async function checkMessageBooks(pool: Pool, { recount }: { recount: boolean }): Promise<HealthCheck[]> {
  const books = await checkBooks(pool, { recount });
  if (books.length === 0) return [healthy('books', 'No message was accepted yet.')];
  return books.map(toBooksCheck);
}

export function toBooksCheck(books: ListBooks): HealthCheck {
  const { listId, accepted, waiting, byState, difference, miscounted } = books;
  const details = { list_id: listId, accepted, waiting, by_state: byState, difference, miscounted };
  const states = Object.entries(byState).map(([state, count]) => `${count} ${state}`);
  const sum = [`${waiting} waiting`, ...states].join(' + ');
  const advice = 'Keep the data folder and its log as they are, and report this as a bug.';
  if (difference !== 0) {
    return unhealthy(
      'books',
      `List ${listId}: accepted ${accepted} is not ${sum} (difference ${difference}).`,
      advice,
      details,
    );
  }
  if (miscounted !== null && miscounted.length > 0) {
    const wrong = miscounted.map(({ state, counted, rows }) => `${state} ${counted} counted, ${rows} there`);
    return unhealthy('books', `List ${listId}: counters differ from messages: ${wrong.join('; ')}.`, advice, details);
  }
  return healthy('books', `List ${listId}: accepted ${accepted} = ${sum}.`, details);
}
