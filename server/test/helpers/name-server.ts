import { createSocket } from 'node:dgram';

const HEADER_BYTES = 12;
const FAMILIES: ReadonlyMap<number, 4 | 6> = new Map([
  [1, 4],
  [28, 6],
]);
const NAME_UNKNOWN = 3;

/** A name server over UDP on loopback (RFC 1035), which answers as it is told. */
export interface NameServer extends AsyncDisposable {
  /** With its port, as resolvers take it. */
  readonly address: string;
  /** Names that IPv4 addresses were asked for, in order. */
  readonly asked: string[];
  /** The addresses of a name, four or sixteen bytes each; `hang`: it does not answer, undefined: no such name. */
  answer: (name: string, family: 4 | 6) => readonly (readonly number[])[] | 'hang' | undefined;
}

export async function startNameServer(): Promise<NameServer> {
  const socket = createSocket('udp4');
  const server: NameServer = {
    address: '',
    asked: [],
    answer: () => undefined,
    async [Symbol.asyncDispose]() {
      await new Promise<void>((resolve) => socket.close(() => resolve()));
    },
  };
  socket.on('message', (query, from) => {
    const { name, type, end } = readQuestion(query);
    const family = FAMILIES.get(type) ?? 4;
    if (family === 4) server.asked.push(name);
    const addresses = server.answer(name, family);
    if (addresses === 'hang') return;
    socket.send(toReply(query.subarray(0, end), type, addresses), from.port, from.address);
  });
  await new Promise<void>((resolve) => socket.bind(0, '127.0.0.1', resolve));
  return Object.assign(server, { address: `127.0.0.1:${socket.address().port}` });
}

function readQuestion(query: Buffer): { name: string; type: number; end: number } {
  const labels: string[] = [];
  let at = HEADER_BYTES;
  for (let length = query.readUInt8(at); length > 0; length = query.readUInt8(at)) {
    labels.push(query.toString('latin1', at + 1, at + 1 + length));
    at += 1 + length;
  }
  return { name: labels.join('.'), type: query.readUInt16BE(at + 1), end: at + 5 };
}

/** Every address is good for no second. */
function toReply(question: Buffer, type: number, addresses: readonly (readonly number[])[] | undefined): Buffer {
  const head = Buffer.from(question);
  head.writeUInt16BE(0x81_80 | (addresses === undefined ? NAME_UNKNOWN : 0), 2);
  head.writeUInt16BE(addresses?.length ?? 0, 6);
  head.writeUInt32BE(0, 8);
  const records = (addresses ?? []).map((address) =>
    Buffer.from([0xc0, HEADER_BYTES, 0, type, 0, 1, 0, 0, 0, 0, 0, address.length, ...address]),
  );
  return Buffer.concat([head, ...records]);
}
