import { once } from 'node:events';
import { connect, createServer, type AddressInfo, type Socket } from 'node:net';
import { decodePdu, FrameReader, type Pdu } from '../../src/index.ts';

/** One side of a connection that says exactly what a test tells it to, and keeps what it hears. */
export class RawPeer {
  readonly heard: Pdu[] = [];
  readonly socket: Socket;
  isClosed = false;
  readonly #frames = new FrameReader();
  readonly #onPdu: ((pdu: Pdu, peer: RawPeer) => void) | undefined;

  constructor(socket: Socket, onPdu?: (pdu: Pdu, peer: RawPeer) => void) {
    this.socket = socket;
    this.#onPdu = onPdu;
    socket.on('error', () => {});
    socket.on('close', () => (this.isClosed = true));
    socket.on('data', (chunk: Buffer) => {
      this.#frames.push(chunk, (bytes, start, end) => {
        const pdu = decodePdu(bytes, start, end);
        this.heard.push(pdu);
        this.#onPdu?.(pdu, this);
        return true;
      });
    });
  }

  say(octets: Uint8Array): void {
    this.socket.write(octets);
  }
}

export async function connectRaw(port: number): Promise<RawPeer> {
  const socket = connect(port, '127.0.0.1');
  await once(socket, 'connect');
  return new RawPeer(socket);
}

export interface RawServer extends AsyncDisposable {
  readonly port: number;
  readonly peers: RawPeer[];
}

/** Listens; `onPdu` plays the server. */
export async function listenRaw(onPdu: (pdu: Pdu, peer: RawPeer) => void): Promise<RawServer> {
  const peers: RawPeer[] = [];
  const server = createServer((socket) => peers.push(new RawPeer(socket, onPdu)));
  server.listen(0, '127.0.0.1');
  await once(server, 'listening');
  return {
    port: (server.address() as AddressInfo).port,
    peers,
    async [Symbol.asyncDispose]() {
      for (const { socket } of peers) socket.destroy();
      await new Promise((resolve) => server.close(resolve));
    },
  };
}
