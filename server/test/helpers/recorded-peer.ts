import { createServer } from 'node:http';

export interface RecordedAnswer {
  readonly status: number;
  readonly body: string;
  readonly contentType?: string;
}

export interface SeenRequest {
  readonly method: string;
  readonly url: string;
  readonly headers: Readonly<Record<string, string | string[] | undefined>>;
  readonly body: string;
}

/** A server that gives recorded answers and keeps what it was asked. */
export interface RecordedPeer extends AsyncDisposable {
  readonly url: string;
  readonly seen: readonly SeenRequest[];
  /** What every request gets from now on. */
  answer: (request: SeenRequest) => RecordedAnswer;
}

export async function startRecordedPeer(): Promise<RecordedPeer> {
  const seen: SeenRequest[] = [];
  const server = createServer((raw, response) => {
    const chunks: Buffer[] = [];
    raw.on('data', (chunk: Buffer) => chunks.push(chunk));
    raw.on('end', () => {
      const body = Buffer.concat(chunks).toString();
      const request = { method: raw.method ?? '', url: raw.url ?? '', headers: raw.headers, body };
      seen.push(request);
      const { status, body: text, contentType = 'application/json' } = peer.answer(request);
      response.writeHead(status, { 'content-type': contentType }).end(text);
    });
  });
  await new Promise<void>((resolve) => server.listen(0, '127.0.0.1', resolve));
  const address = server.address();
  const peer: RecordedPeer = {
    url: `http://127.0.0.1:${typeof address === 'object' ? address?.port : 0}`,
    seen,
    answer: () => ({ status: 404, body: '' }),
    async [Symbol.asyncDispose]() {
      server.closeAllConnections();
      await new Promise((resolve) => server.close(resolve));
    },
  };
  return peer;
}
