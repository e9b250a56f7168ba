import { connect, type Socket } from 'node:net';

const HEAD_END = Buffer.from('\r\n\r\n');

export interface Answer {
  readonly status: number;
  readonly body: Buffer;
}

/** One kept-alive connection that carries one request at a time: cheap enough to load a server from the other core. */
export interface HttpConnection {
  /** @param request the whole of it, made by `toRequest` */
  send(request: Buffer): Promise<Answer>;
  close(): void;
}

interface Pending {
  readonly resolve: (answer: Answer) => void;
  readonly reject: (error: Error) => void;
}

export async function openHttpConnection(url: string): Promise<HttpConnection> {
  const socket = await connectTo(new URL(url));
  let chunks: Buffer[] = [];
  let pending: Pending | undefined;
  socket.on('data', (chunk) => {
    chunks.push(chunk);
    const answer = readAnswer(chunks);
    if (answer === undefined) return;
    chunks = [];
    pending?.resolve(answer);
  });
  const fail = (): void => pending?.reject(new Error('The connection was closed'));
  socket.once('close', fail);
  return {
    send: (request) =>
      new Promise((resolve, reject) => {
        pending = { resolve, reject };
        socket.write(request);
      }),
    close: () => socket.destroy(),
  };
}

function connectTo({ hostname, port }: URL): Promise<Socket> {
  return new Promise((resolve, reject) => {
    const socket = connect({ host: hostname, port: Number(port), noDelay: true });
    socket.once('error', reject);
    socket.once('connect', () => resolve(socket));
  });
}

/** undefined until the whole answer is there. Answers have a Content-Length. */
function readAnswer(chunks: Buffer[]): Answer | undefined {
  const first = chunks[0];
  if (first === undefined) return undefined;
  const headEnd = first.indexOf(HEAD_END);
  if (headEnd < 0) {
    chunks.splice(0, chunks.length, Buffer.concat(chunks));
    return chunks[0] === first || chunks[0]?.includes(HEAD_END) !== true ? undefined : readAnswer(chunks);
  }
  const head = first.toString('latin1', 0, headEnd);
  const length = Number(/content-length: (\d+)/i.exec(head)?.[1] ?? 0);
  const sizeBytes = chunks.reduce((sum, chunk) => sum + chunk.length, 0);
  if (sizeBytes < headEnd + HEAD_END.length + length) return undefined;
  return { status: Number(head.slice(9, 12)), body: Buffer.concat(chunks).subarray(headEnd + HEAD_END.length) };
}

export function toRequest(path: string, apiKey: string, json: string): Buffer {
  const length = Buffer.byteLength(json);
  return Buffer.from(
    `POST ${path} HTTP/1.1\r\nHost: bench\r\nX-Api-Key: ${apiKey}\r\n` +
      `Content-Type: application/json\r\nContent-Length: ${length}\r\n\r\n${json}`,
  );
}
