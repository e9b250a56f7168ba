import type { Command, Context } from '../command.ts';
import { followMessages } from '../follow-messages.ts';
import type { Input } from '../input.ts';
import { type MessageFilter, type MessageRow, type MessageSource, openMessageSource } from '../message-source.ts';
import { toChangeLine, toLifeText, toMessageTable } from '../message-text.ts';
import { UsageError } from '../usage-error.ts';

const DEFAULT_LIMIT = 50;
const MAX_LIMIT = 10_000;
const PAGE = 100;
const POLL_MS = 1_000;

export const messageCommands: readonly Command[] = [
  {
    name: 'messages list',
    summary: 'List messages, newest first',
    flags: [
      { name: 'to', value: 'PHONE', summary: 'Only to this recipient' },
      { name: 'list', value: 'LIST', summary: 'Only from this list: number, id or pn_...' },
      { name: 'status', value: 'WORD', summary: 'Only in this status or state, such as delivered or held' },
      { name: 'limit', value: 'N', summary: `How many, 1 to ${MAX_LIMIT}, default ${DEFAULT_LIMIT}` },
      { name: 'follow', summary: 'Go on with new messages and changes of state until Ctrl-C, one a line' },
      { name: 'account', value: 'ID', summary: 'Account; default: the only one' },
    ],
    examples: ['trackly messages list --status delivered --limit 10', 'trackly messages list --follow --json'],
    remote: true,
    run: listMessages,
  },
  {
    name: 'messages show',
    summary: 'Show the whole life of one message',
    arguments: [{ name: 'ID', summary: 'Id of the message' }],
    examples: ['trackly messages show k3Vd81Qz', 'trackly messages show k3Vd81Qz --json'],
    remote: true,
    run: showMessage,
  },
];

async function listMessages({ input, output }: Context): Promise<number> {
  const limit = parseLimit(input.text('limit'));
  const filter = toFilter(input);
  await using source = await openMessageSource(input);
  const { messages, nextCursor } = await readMessages(source, filter, limit);
  if (!input.isOn('follow')) {
    const answer = { messages, pagination: { limit, next_cursor: nextCursor } };
    output.answer(answer, () => toMessageTable(messages));
    return 0;
  }
  const onChange = (message: MessageRow): void => output.line(message, () => toChangeLine(message));
  for (const message of messages.toReversed()) onChange(message);
  await followMessages(source, { filter, pollMs: POLL_MS, onChange, signal: interrupted(), known: messages });
  return 0;
}

async function showMessage({ input, output }: Context): Promise<number> {
  await using source = await openMessageSource(input);
  const message = await source.get(input.argument('ID'));
  output.answer(message, () => toLifeText(message));
  return 0;
}

function toFilter(input: Input): MessageFilter {
  return {
    to: input.text('to'),
    list: input.text('list'),
    status: input.text('status'),
    account: input.text('account'),
  };
}

/** @throws UsageError */
export function parseLimit(text: string | undefined): number {
  if (text === undefined) return DEFAULT_LIMIT;
  const limit = /^[0-9]{1,6}$/.test(text) ? Number(text) : 0;
  if (limit < 1 || limit > MAX_LIMIT) throw new UsageError(`--limit must be a whole number from 1 to ${MAX_LIMIT}`);
  return limit;
}

async function readMessages(
  source: MessageSource,
  filter: MessageFilter,
  limit: number,
): Promise<{ messages: MessageRow[]; nextCursor: string | null }> {
  const messages: MessageRow[] = [];
  let cursor: string | null = null;
  do {
    const page = await source.page(filter, Math.min(PAGE, limit - messages.length), cursor);
    messages.push(...page.messages);
    cursor = page.nextCursor;
  } while (cursor !== null && messages.length < limit);
  return { messages, nextCursor: cursor };
}

/** Aborts at Ctrl-C or SIGTERM. */
function interrupted(): AbortSignal {
  const controller = new AbortController();
  for (const signal of ['SIGINT', 'SIGTERM'] as const) process.once(signal, () => controller.abort());
  return controller.signal;
}
