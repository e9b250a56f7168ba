import { until } from './until.ts';

export interface Ledger {
  readonly submits: readonly {
    readonly message_id: string;
    readonly count: number;
    readonly last_at: string;
    /** By one of the submits. */
    readonly taken: boolean;
  }[];
  readonly totals: { readonly doubles: number; readonly submits: number; readonly messages: number };
}

/** How a caller reaches the API of a server. */
export interface Api {
  readonly url: string;
  readonly key: string;
}

interface Page<T> {
  readonly messages?: readonly T[];
  readonly submits?: readonly T[];
  readonly pagination: { readonly next_cursor: string | null };
}

/** Fewer are asked for one by one. */
const FEW = 100;

/** The state of every id, once `isResting` holds for it. An id that the server does not know fails. */
export async function readStates(
  api: Api,
  ids: readonly string[],
  isResting: (state: string) => boolean,
  limitMs = 60_000,
): Promise<Map<string, string>> {
  const states = new Map<string, string>();
  let waiting = [...ids];
  const isOver = until(
    'every message has come to rest',
    async () => {
      const found = waiting.length > FEW ? await readAllStates(api) : new Map<string, string>();
      await inGroups(waiting, async (id) => void states.set(id, found.get(id) ?? (await readState(api, id))));
      waiting = waiting.filter((id) => !isResting(states.get(id) ?? ''));
      return waiting.length === 0;
    },
    limitMs,
  );
  await isOver.catch((error: unknown) => {
    throw new Error(`${String(error)}: ${countStates(waiting, states)}`);
  });
  return states;
}

function countStates(ids: readonly string[], states: ReadonlyMap<string, string>): string {
  const counts = new Map<string, number>();
  for (const id of ids)
    counts.set(states.get(id) ?? 'never read', (counts.get(states.get(id) ?? 'never read') ?? 0) + 1);
  return [...counts].map(([state, count]) => `${count} ${state}`).join(', ');
}

/** @throws Error when the server does not know the message */
export async function readState(api: Api, id: string): Promise<string> {
  return (await get<{ state: string }>(api, `/api/v2/messages/${id}`)).state;
}

async function readAllStates(api: Api): Promise<Map<string, string>> {
  const states = new Map<string, string>();
  let cursor: string | null = '';
  while (cursor !== null) {
    const more: string = cursor === '' ? '' : `&cursor=${encodeURIComponent(cursor)}`;
    const page: Page<{ id: string; state: string }> = await get(api, `/api/v2/messages?limit=100${more}`);
    for (const { id, state } of page.messages ?? []) states.set(id, state);
    cursor = page.pagination.next_cursor;
  }
  return states;
}

/** What reached the simulated carrier, noted by itself. */
export async function readLedger(url: string): Promise<Ledger> {
  const submits: Ledger['submits'][number][] = [];
  let cursor: string | null = '';
  let totals: Ledger['totals'] = { doubles: 0, submits: 0, messages: 0 };
  while (cursor !== null) {
    const more: string = cursor === '' ? '' : `&cursor=${encodeURIComponent(cursor)}`;
    const page: Page<Ledger['submits'][number]> & Pick<Ledger, 'totals'> = await get(
      { url, key: '' },
      `/simulator/ledger?limit=50000${more}`,
    );
    submits.push(...(page.submits ?? []));
    totals = page.totals;
    cursor = page.pagination.next_cursor;
  }
  return { submits, totals };
}

/** Values of one metric by its label. Empty while they cannot be read. */
export async function readMetric(url: string, name: string): Promise<Map<string, number>> {
  const text = await (await fetch(`${url}/metrics`)).text();
  const lines = text.matchAll(new RegExp(`^${name}\\{\\w+="([^"]*)"\\} (\\S+)$`, 'gm'));
  return new Map([...lines].map(([, label, value]) => [label ?? '', Number(value)]));
}

async function get<T>({ url, key }: Api, path: string): Promise<T> {
  const answer = await fetch(url + path, { headers: { 'X-Api-Key': key } });
  if (!answer.ok) throw new Error(`${answer.status} for ${path}`);
  return (await answer.json()) as T;
}

async function inGroups<T>(items: readonly T[], work: (item: T) => Promise<void>): Promise<void> {
  for (let at = 0; at < items.length; at += 16) await Promise.all(items.slice(at, at + 16).map(work));
}
