import { once } from 'node:events';
import { connect, createServer, type Socket } from 'node:net';
import type { ClientConfig } from 'pg';
import type { Env } from '../../../cli/test/helpers/run-cli.ts';
import type { TestDatabase } from './test-database.ts';

/** Where a commit is caught: before the database has it, or after that and before the server hears of it. */
export type CommitSide = 'before' | 'after';

/** A way from a server to a test database that sees commits pass by and can hold one back for ever. */
export interface DatabaseProxy extends AsyncDisposable {
  /** Points a server to it. */
  readonly env: Env;
  readonly connection: ClientConfig;
  /** Catches the next commit of that application; resolves when it is caught. Its connection is dead from then on. */
  catchCommit(application: string, side: CommitSide): Promise<void>;
  /** From now on nothing passes, and nobody is told. */
  freeze(): void;
}

interface Trap {
  readonly application: string;
  readonly side: CommitSide;
  readonly sprung: () => void;
}

/** First bytes of messages: PostgreSQL's "Message Formats". */
const QUERY = 'Q'.charCodeAt(0);
const LENGTH_BYTES = 4;

export async function startDatabaseProxy({ name, connection }: TestDatabase): Promise<DatabaseProxy> {
  const traps: Trap[] = [];
  const sockets = new Set<Socket>();
  let frozen = false;
  const path = `${String(connection.host)}/.s.PGSQL.5432`;

  function takeTrap(application: string): Trap | undefined {
    const at = traps.findIndex((trap) => trap.application === application);
    return at < 0 ? undefined : traps.splice(at, 1)[0];
  }

  function relay(client: Socket): void {
    const server = connect(path);
    for (const socket of [client, server]) {
      sockets.add(socket);
      socket.on('error', () => {});
      socket.on('close', () => {
        sockets.delete(socket);
        client.destroy();
        server.destroy();
      });
    }
    const reader = createQueryReader();
    let caught: Trap | undefined;
    client.on('data', (chunk: Buffer) => {
      if (frozen) return;
      const isCommit = reader.read(chunk).includes('commit');
      if (isCommit) caught ??= takeTrap(reader.application());
      if (caught?.side === 'before') return caught.sprung();
      server.write(chunk);
    });
    server.on('data', (chunk: Buffer) => {
      if (frozen) return;
      if (caught === undefined) client.write(chunk);
      else if (chunk.includes('COMMIT\0')) caught.sprung();
    });
  }

  const proxy = createServer(relay).listen(0, '127.0.0.1');
  await once(proxy, 'listening');
  const address = proxy.address();
  const port = typeof address === 'object' && address !== null ? address.port : 0;
  return {
    env: { DATABASE_URL: `postgres://${String(connection.user)}@127.0.0.1:${port}/${name}` },
    catchCommit: (application, side) =>
      new Promise((resolve) => void traps.push({ application, side, sprung: resolve })),
    connection: { ...connection, host: '127.0.0.1', port },
    freeze() {
      frozen = true;
    },
    async [Symbol.asyncDispose]() {
      for (const socket of sockets) socket.destroy();
      await new Promise((resolve) => proxy.close(resolve));
    },
  };
}

interface QueryReader {
  /** The simple queries that end in this chunk. */
  read(chunk: Buffer): string[];
  /** What the connection called itself. */
  application(): string;
}

/** Follows the messages of a client. */
function createQueryReader(): QueryReader {
  let rest: Buffer = Buffer.alloc(0);
  let application: string | undefined;

  /** The first message has no type. */
  function takeStartup(): boolean {
    if (rest.length < LENGTH_BYTES || rest.length < rest.readInt32BE(0)) return false;
    const sizeBytes = rest.readInt32BE(0);
    const fields = rest
      .subarray(2 * LENGTH_BYTES, sizeBytes)
      .toString()
      .split('\0');
    application = fields[fields.indexOf('application_name') + 1] ?? '';
    rest = rest.subarray(sizeBytes);
    return true;
  }

  return {
    read(chunk) {
      rest = Buffer.concat([rest, chunk]);
      const queries: string[] = [];
      if (application === undefined && !takeStartup()) return queries;
      while (rest.length > LENGTH_BYTES && rest.length > rest.readInt32BE(1)) {
        const end = 1 + rest.readInt32BE(1);
        if (rest[0] === QUERY) queries.push(rest.subarray(1 + LENGTH_BYTES, end - 1).toString());
        rest = rest.subarray(end);
      }
      return queries;
    },
    application: () => application ?? '',
  };
}
