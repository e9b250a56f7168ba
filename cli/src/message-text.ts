import type { MessageRow, MessageView } from './message-source.ts';
import { toFields, toLine, toTable } from './table.ts';

const HEADERS = ['time', 'id', 'list', 'to', 'state', 'detail', 'text'] as const;
const WIDTHS = [24, 8, 15, 16, 11, 22] as const;
const MAX_TEXT = 40;

export function toMessageTable(messages: readonly MessageRow[]): string {
  return toTable(
    HEADERS,
    messages.map((message) => toCells(message, message.times.created_at)),
    'There is no such message.',
  );
}

/** One change of one message, aligned with the ones before. */
export function toChangeLine(message: MessageRow): string {
  return toLine(toCells(message, message.times.updated_at), WIDTHS);
}

function toCells(message: MessageRow, time: string): unknown[] {
  const text = message.body ?? message.template;
  const short = text.length > MAX_TEXT ? `${text.slice(0, MAX_TEXT - 1)}…` : text;
  return [time, message.id, message.list_number, message.to, message.state, message.status_detail, short];
}

/** The whole life of one message. */
export function toLifeText(message: MessageView): string {
  const fields = toFields({
    id: message.id,
    to: message.to,
    list: `${message.list_number} (${message.list_id}, ${message.provider})`,
    state: message.state,
    detail: message.status_detail,
    text: message.body ?? message.template,
    encoding: message.encoding === null ? null : `${message.encoding}, ${message.segments ?? '?'} part(s)`,
    cost: `${message.cost.amount} ${message.cost.currency}`,
    'carrier ids': message.carrier_message_ids.join(', ') || null,
  });
  const events = message.events.map(({ at, state, detail }) => [at, state, detail]);
  const decisions = message.decisions.map(({ check, result, code }) => [check, result, code]);
  return [
    fields,
    toTable(['time', 'state', 'detail'], events, 'Nothing happened yet.'),
    toTable(['check', 'result', 'code'], decisions, 'No check has run yet.'),
  ].join('\n\n');
}
