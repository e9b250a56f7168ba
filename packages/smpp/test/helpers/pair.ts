import { vi } from 'vitest';
import { type ClientOptions, type ServerOptions, SmppClient, SmppServer } from '../../src/index.ts';

export interface Pair extends AsyncDisposable {
  readonly server: SmppServer;
  readonly client: SmppClient;
  readonly port: number;
}

export const LOGIN = { host: '127.0.0.1', systemId: 'trackly', password: 'trackly' } as const;

/** A server that takes everything, unless told otherwise, and a client that is bound to it. */
export async function openPair(
  server: Partial<ServerOptions> = {},
  client: Partial<ClientOptions> = {},
): Promise<Pair> {
  let ids = 0;
  const smsc = new SmppServer({
    onBind: ({ password }) => (password === 'trackly' ? {} : { status: 0x0e }),
    onSubmit: () => ({ messageId: String(++ids) }),
    ...server,
  });
  const port = await smsc.listen();
  const esme = new SmppClient({ ...LOGIN, port, ...client });
  await untilBound(esme);
  return {
    server: smsc,
    client: esme,
    port,
    async [Symbol.asyncDispose]() {
      await esme.close();
      await smsc.close();
    },
  };
}

export async function untilBound(client: SmppClient): Promise<void> {
  await vi.waitUntil(() => client.binds.every(({ state }) => state === 'bound'), { timeout: 5_000, interval: 5 });
}

export async function until(condition: () => boolean, timeout = 10_000): Promise<void> {
  await vi.waitUntil(condition, { timeout, interval: 5 });
}

/** `count` messages of one part to different numbers. */
export function messages(count: number): { parts: { destination: string; shortMessage: Uint8Array }[]; tag: string }[] {
  const shortMessage = Buffer.from('Hello');
  return Array.from({ length: count }, (_, index) => ({
    parts: [{ destination: String(13_125_550_000 + index), shortMessage }],
    tag: String(index),
  }));
}
