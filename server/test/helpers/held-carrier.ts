import { createServer, type ServerResponse } from 'node:http';
import type { AddressInfo } from 'node:net';
import { SmppServer, type ServerSession } from '@trackly/smpp';
import { phoneToNumber } from '../../src/lib/e164.ts';

/** A carrier that answers nothing until it is told to, so that messages wait for it in the server. */
export interface HeldCarrier extends AsyncDisposable {
  readonly type: 'http' | 'smpp';
  readonly credentials: object;
  /** How many messages it gets before it has to answer. */
  readonly window: number;
  /** Recipients whose message has reached it. */
  readonly seen: ReadonlySet<number>;
  /** Answers what it has and everything that comes. */
  release(): void;
  /** Somebody writes; resolves when the server has confirmed that it has the text. */
  receive(text: InboundFromPhone): Promise<void>;
}

interface InboundFromPhone {
  readonly from: number;
  readonly to: string;
  readonly body: string;
  /** Of the server and the account, for carriers that call. */
  readonly callbacks: { readonly url: string; readonly accountId: string };
}

const SECRET = 'held-carrier-secret';
/** Of one list over HTTP (`http-road.ts`). */
const HTTP_WINDOW = 50;
const SMPP_WINDOW = 20;

export const HELD_CARRIERS = { http: openHttp, smpp: openSmpp };

async function openHttp(): Promise<HeldCarrier> {
  const seen = new Set<number>();
  const gate = createGate();
  const server = createServer((request, response) => {
    const chunks: Buffer[] = [];
    request.on('data', (chunk: Buffer) => chunks.push(chunk));
    request.on('end', () => {
      seen.add(phoneToNumber((JSON.parse(Buffer.concat(chunks).toString()) as { to: string }).to));
      gate.whenOpen(() => accept(response));
    });
  });
  await new Promise<void>((resolve) => server.listen(0, '127.0.0.1', resolve));
  const { port } = server.address() as AddressInfo;
  let texts = 0;
  return {
    type: 'http',
    credentials: {
      submit: {
        method: 'POST',
        url: `http://127.0.0.1:${port}/messages`,
        headers: { 'Content-Type': 'application/json' },
        body: { to: '{{to}}', text: '{{text}}', id: '{{id}}' },
      },
      accepted_when: { path: 'status', in: ['accepted'] },
      inbound: { id: 'id', from: 'from', to: 'to', text: 'text' },
      callback_secret: SECRET,
    },
    window: HTTP_WINDOW,
    seen,
    release: () => gate.open(),
    async receive({ from, to, body, callbacks: { url, accountId } }) {
      const answer = await fetch(`${url}/api/webhook-feedbacks/http/${SECRET}?account=${accountId}`, {
        method: 'POST',
        headers: { 'Content-Type': 'application/json' },
        body: JSON.stringify({ id: `text-${texts++}`, from: `+${from}`, to, text: body }),
      });
      if (!answer.ok) throw new Error(`The text was answered with ${answer.status}`);
    },
    async [Symbol.asyncDispose]() {
      server.closeAllConnections();
      await new Promise((resolve) => server.close(resolve));
    },
  };
}

function accept(response: ServerResponse): void {
  response.setHeader('Content-Type', 'application/json').end('{"status":"accepted"}');
}

async function openSmpp(): Promise<HeldCarrier> {
  const seen = new Set<number>();
  const gate = createGate();
  let ids = 0;
  const server = new SmppServer({
    onBind: () => ({}),
    onSubmit({ destination }) {
      seen.add(Number(destination.replace('+', '')));
      const messageId = `id-${ids++}`;
      return new Promise((resolve) => gate.whenOpen(() => resolve({ messageId })));
    },
  });
  const port = await server.listen();
  return {
    type: 'smpp',
    credentials: {
      host: '127.0.0.1',
      port,
      system_id: 'trackly',
      password: 'trackly',
      window: SMPP_WINDOW,
      response_timeout_s: 120,
    },
    window: SMPP_WINDOW,
    seen,
    release: () => gate.open(),
    async receive({ from, to, body }) {
      const session = [...server.sessions].find((each: ServerSession) => each.receives);
      if (session === undefined) throw new Error('No session receives');
      const text = { source: String(from), destination: to.replace('+', ''), shortMessage: Buffer.from(body) };
      await new Promise<void>((resolve) => session.deliver(text, () => resolve()));
    },
    [Symbol.asyncDispose]: () => server.close(),
  };
}

/** Closed until it is opened. */
function createGate(): { whenOpen(act: () => void): void; open(): void } {
  let waiting: (() => void)[] | undefined = [];
  return {
    whenOpen(act) {
      if (waiting === undefined) act();
      else waiting.push(act);
    },
    open() {
      const acts = waiting ?? [];
      waiting = undefined;
      for (const act of acts) act();
    },
  };
}
