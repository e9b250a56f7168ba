import { expect, test } from 'vitest';
import { followMessages } from './follow-messages.ts';
import type { MessageRow, MessageView, Page } from './message-source.ts';

function row(id: string, state: string, updatedAt: string): MessageRow {
  return { id, state, status_detail: null, times: { updated_at: updatedAt } } as MessageRow;
}

/** Follows a source that shows one page a round and reads single messages from `singles`. */
async function follow(
  rounds: MessageRow[][],
  singles: Record<string, MessageRow>,
  known: MessageRow[],
): Promise<string[]> {
  const controller = new AbortController();
  const told: string[] = [];
  const remaining = [...rounds];
  const source = {
    async page(): Promise<Page> {
      const messages = remaining.shift() ?? [];
      if (remaining.length === 0) controller.abort();
      return { messages, nextCursor: null };
    },
    get: async (id: string) => singles[id] as MessageView,
  };
  const onChange = (message: MessageRow): void => void told.push(`${message.id} ${message.state}`);
  await followMessages(source, { filter: {}, pollMs: 1, onChange, signal: controller.signal, known });
  return told;
}

test('new messages and changes of state are told once, oldest first', async () => {
  const rounds = [
    [row('b', 'queued', '2'), row('a', 'sent', '1')],
    [row('b', 'queued', '2'), row('a', 'sent', '1')],
    [row('c', 'queued', '3'), row('b', 'delivered', '4'), row('a', 'sent', '1')],
  ];
  expect(await follow(rounds, {}, [row('a', 'queued', '0')])).toEqual([
    'a sent',
    'b queued',
    'c queued',
    'b delivered',
  ]);
});

test('an open message that left the newest page is read by itself, a final one is not', async () => {
  const known = [row('old', 'sent', '0'), row('done', 'delivered', '0')];
  expect(await follow([[]], { old: row('old', 'delivered', '1') }, known)).toEqual(['old delivered']);
});
