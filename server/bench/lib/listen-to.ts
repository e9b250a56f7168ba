import { Client, type ClientConfig } from 'pg';

/** The connection on which a directory listens for changes. */
export async function listenTo(connection: ClientConfig): Promise<Client> {
  const client = new Client(connection);
  await client.connect();
  return client;
}
