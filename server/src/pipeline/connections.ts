import type { List } from '../accounts/directory-types.ts';
import type { Carrier, CarrierConnection } from '../carriers/carrier.ts';
import { findCredentialError } from '../lib/credentials.ts';

/** One open connection a list, made when it is first needed and made anew when the list's credentials change. */
export interface Connections {
  /** undefined: no carrier of this installation serves the list's type, or its credentials cannot be read. */
  of(list: List): CarrierConnection | undefined;
  carrierOf(list: List): Carrier | undefined;
  /** Ids of the lists that have one. */
  openLists(): readonly number[];
  /** Closes the list's; what is under way is awaited. */
  close(listId: number): void;
  [Symbol.asyncDispose](): Promise<void>;
}

interface Open {
  readonly connection: CarrierConnection;
  readonly key: string;
}

/** For lists without what their carrier needs: nothing goes out until somebody enters it. */
const UNUSABLE: CarrierConnection = {
  async submit(messages, settle) {
    for (const index of messages.keys()) {
      settle(index, { kind: 'retry', detail: 'REJECTED_CREDENTIALS', code: 'incomplete', connectionFailed: true });
    }
  },
  check: () => Promise.resolve({ passed: false, detail: 'REJECTED_CREDENTIALS' }),
  async [Symbol.asyncDispose]() {},
};

export function createConnections(carriers: readonly Carrier[]): Connections {
  const byType = new Map(carriers.map((carrier) => [carrier.type, carrier]));
  const open = new Map<number, Open>();
  const closing = new Set<Promise<void>>();

  function close(connection: CarrierConnection): void {
    const closed: Promise<void> = Promise.resolve(connection[Symbol.asyncDispose]()).finally(() =>
      closing.delete(closed),
    );
    closing.add(closed);
  }

  return {
    carrierOf: (list) => byType.get(list.type),
    of(list) {
      const { id, accountId, number, credentials } = list;
      if (credentials === null) return undefined;
      const key = `${list.type} ${list.number} ${JSON.stringify(credentials)}`;
      const known = open.get(list.id);
      if (known?.key === key) return known.connection;
      const carrier = byType.get(list.type);
      if (carrier === undefined) return undefined;
      if (known !== undefined) close(known.connection);
      const isUsable = findCredentialError(carrier.credentials, credentials) === undefined;
      const connection = isUsable ? carrier.connect({ id, accountId, number, credentials }) : UNUSABLE;
      open.set(list.id, { connection, key });
      return connection;
    },
    openLists: () => [...open.keys()],
    close(listId) {
      const known = open.get(listId);
      open.delete(listId);
      if (known !== undefined) close(known.connection);
    },
    async [Symbol.asyncDispose]() {
      for (const { connection } of open.values()) close(connection);
      open.clear();
      await Promise.all(closing);
    },
  };
}
