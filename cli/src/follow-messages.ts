import { setTimeout as sleep } from 'node:timers/promises';
import { isFinal } from './follow-message.ts';
import type { MessageFilter, MessageRow, MessageSource } from './message-source.ts';

const PAGE = 100;
const MAX_PAGES = 10;
/** Messages that are watched until they are final; the oldest are given up first. */
const MAX_WATCHED = 1_000;
/** Watched messages that are read one by one in a round, because they are not on the newest pages any more. */
const MAX_READS = 20;

export interface FollowOptions {
  readonly filter: MessageFilter;
  readonly pollMs: number;
  readonly onChange: (message: MessageRow) => void;
  /** Ends it. */
  readonly signal: AbortSignal;
  /** What is known already and is not to be told again. */
  readonly known: readonly MessageRow[];
}

type Source = Pick<MessageSource, 'page' | 'get'>;

/** Tells of new messages and of each change of their state, oldest first, until the signal. */
export async function followMessages(source: Source, options: FollowOptions): Promise<void> {
  const watched = new Map(options.known.map((message): [string, MessageRow] => [message.id, message]));
  while (!options.signal.aborted) {
    await sleep(options.pollMs, undefined, { signal: options.signal }).catch(() => {});
    if (options.signal.aborted) return;
    const rows = await readNew(source, options.filter, watched);
    const gone = [...watched.values()].filter(({ id, state }) => !isFinal(state) && !rows.some((row) => row.id === id));
    for (const { id } of gone.slice(0, MAX_READS)) rows.push(await source.get(id));
    rows.sort((a, b) => a.times.updated_at.localeCompare(b.times.updated_at));
    for (const row of rows) note(watched, row, options.onChange);
    forgetOldest(watched);
  }
}

/** Pages from the newest message on until one that is known. */
async function readNew(
  source: Source,
  filter: MessageFilter,
  watched: ReadonlyMap<string, unknown>,
): Promise<MessageRow[]> {
  const rows: MessageRow[] = [];
  let cursor: string | null = null;
  for (let page = 0; page < MAX_PAGES; page++) {
    const { messages, nextCursor } = await source.page(filter, PAGE, cursor);
    rows.push(...messages);
    if (nextCursor === null || watched.size === 0 || messages.some(({ id }) => watched.has(id))) break;
    cursor = nextCursor;
  }
  return rows;
}

function note(watched: Map<string, MessageRow>, row: MessageRow, onChange: (message: MessageRow) => void): void {
  const before = watched.get(row.id);
  watched.delete(row.id);
  watched.set(row.id, row);
  if (before?.state !== row.state || before.status_detail !== row.status_detail) onChange(row);
}

function forgetOldest(watched: Map<string, MessageRow>): void {
  for (const id of watched.keys()) {
    if (watched.size <= MAX_WATCHED) return;
    watched.delete(id);
  }
}
