import type { Installation, MessagePage, MessageView } from '@trackly/server/operator';
import { createTracklyClient, type TracklyClient } from '@trackly/client';
import type { Input } from './input.ts';
import { openInstallation } from './installation.ts';

export type { MessageView } from '@trackly/server/operator';
export type MessageRow = MessagePage['messages'][number];

export interface MessageFilter {
  readonly to?: string | undefined;
  /** Number, id or `pn_...`. */
  readonly list?: string | undefined;
  /** A word of `status` or of `state`. */
  readonly status?: string | undefined;
  readonly account?: string | undefined;
}

/** Where messages are read and sent: the installation here, or the API of another. */
export interface MessageSource {
  /** Up to 100 messages, newest first. */
  page(filter: MessageFilter, limit: number, cursor: string | null): Promise<Page>;
  get(id: string): Promise<MessageView>;
  /** Resolves with the id when the message is accepted. */
  send(message: { to: string; list: string; body: string }): Promise<string>;
  [Symbol.asyncDispose](): Promise<void>;
}

export interface Page {
  readonly messages: readonly MessageRow[];
  readonly nextCursor: string | null;
}

/** By `--url` and `--key`, else the installation here. */
export async function openMessageSource(input: Input): Promise<MessageSource> {
  const baseUrl = input.text('url');
  const apiKey = input.text('key');
  if (baseUrl !== undefined && apiKey !== undefined)
    return createRemoteSource(createTracklyClient({ baseUrl, apiKey }));
  return createLocalSource(await openInstallation(), input.text('account'));
}

/** Words that only `state` knows. */
const STATES = new Set(['scheduled', 'held', 'in_doubt', 'unknown', 'cancelled']);

function toQuery(
  { to, status }: MessageFilter,
  rest: { limit: number; cursor: string | null; listNumber: string | undefined },
): Record<string, string> {
  const word = status === undefined ? {} : { [STATES.has(status) ? 'state' : 'status']: status };
  return {
    limit: String(rest.limit),
    ...word,
    ...(to === undefined ? {} : { to }),
    ...(rest.cursor === null ? {} : { cursor: rest.cursor }),
    ...(rest.listNumber === undefined ? {} : { list_number: rest.listNumber }),
  };
}

function createRemoteSource(client: TracklyClient): MessageSource {
  async function toNumber(list: string): Promise<string> {
    if (list.startsWith('+') || /^\d{5,6}$/.test(list)) return list;
    return (await client.getList(list)).phone_number;
  }
  return {
    async page(filter, limit, cursor) {
      const listNumber = filter.list === undefined ? undefined : await toNumber(filter.list);
      const { messages, pagination } = await client.listMessages(toQuery(filter, { limit, cursor, listNumber }));
      return { messages: messages as readonly MessageRow[], nextCursor: pagination.next_cursor };
    },
    get: async (id) => (await client.getMessage(id)) as MessageView,
    async send({ to, list, body }) {
      return (await client.sendMessage({ to, list_number: await toNumber(list), body })).message_id;
    },
    [Symbol.asyncDispose]: async () => {},
  };
}

function createLocalSource(installation: Installation, account: string | undefined): MessageSource {
  const { accounts, lists, messages } = installation;
  async function choose(filter: MessageFilter): Promise<{ accountId: string; listNumber: string | undefined }> {
    if (filter.list !== undefined) {
      const list = await lists.find(filter.list);
      return { accountId: list.account_id, listNumber: list.phone_number };
    }
    return { accountId: (await accounts.find({ id: account })).id, listNumber: undefined };
  }
  return {
    async page(filter, limit, cursor) {
      const { accountId, listNumber } = await choose(filter);
      const { messages: rows, pagination } = await messages.list(
        accountId,
        toQuery(filter, { limit, cursor, listNumber }),
      );
      return { messages: rows, nextCursor: pagination.next_cursor };
    },
    get: (id) => findMessage(installation, id),
    async send(message) {
      return (await messages.send(message)).id;
    },
    [Symbol.asyncDispose]: () => installation[Symbol.asyncDispose](),
  };
}

/** An id is unique in the installation, so the account need not be said. */
async function findMessage({ accounts, messages }: Installation, id: string): Promise<MessageView> {
  let missing: unknown = new Error(`There is no message ${id}`);
  for (const account of await accounts.list()) {
    try {
      return await messages.get(account.id, id);
    } catch (error) {
      if (!(error instanceof Error && 'code' in error && error.code === 'not_found')) throw error;
      missing = new Error(`There is no message ${id}`, { cause: error });
    }
  }
  throw missing;
}
