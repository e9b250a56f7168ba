import { once } from 'node:events';
import { createRequire } from 'node:module';
import type { AddressInfo, Server } from 'node:net';
import { describe, expect, it } from 'vitest';
import {
  type PduOf,
  readReceipt,
  readText,
  SmppClient,
  SmppServer,
  splitText,
  TextJoiner,
  toReceipt,
} from '../src/index.ts';
import { LOGIN, until } from './helpers/pair.ts';

interface ForeignPdu {
  readonly command: string;
  readonly command_status: number;
  readonly system_id?: string;
  readonly message_id?: string;
  readonly destination_addr?: string;
  readonly data_coding?: number;
  readonly short_message?: { readonly message: string | Buffer; readonly udh?: unknown };
  readonly message_payload?: { readonly message: string };
  readonly receipted_message_id?: string;
  readonly message_state?: number;
  response(fields?: object): ForeignPdu;
}

interface ForeignSession {
  on(event: string, listener: (pdu: ForeignPdu) => void): void;
  send(pdu: ForeignPdu): void;
  deliver_sm(fields: object, done: (pdu: ForeignPdu) => void): void;
  submit_sm(fields: object, done: (pdu: ForeignPdu) => void): void;
  query_sm(fields: object, done: (pdu: ForeignPdu) => void): void;
  enquire_link(fields: object, done: (pdu: ForeignPdu) => void): void;
  bind_transceiver(fields: object, done: (pdu: ForeignPdu) => void): void;
  unbind(fields: object, done: (pdu: ForeignPdu) => void): void;
  close(): void;
}

interface ForeignSmpp {
  connect(options: { host: string; port: number }): ForeignSession;
  createServer(onSession: (session: ForeignSession) => void): Server;
}

/** The library `smpp` of npm, which is not ours: what both understand is SMPP. */
const foreign = createRequire(import.meta.url)('smpp') as ForeignSmpp;

const TEXTS = ['Hello', '€[]{}~ ÄÖÜ', 'Привет 😀', 'x'.repeat(500), 'я'.repeat(200)];

describe('our client at a foreign server', () => {
  it('submits, is told of receipts and texts, and leaves', async () => {
    const taken: ForeignPdu[] = [];
    const received: PduOf<'deliver_sm' | 'data_sm'>[] = [];
    const sessions: ForeignSession[] = [];
    let left = false;
    const server = foreign.createServer((session) => {
      sessions.push(session);
      session.on('error', () => {});
      session.on('bind_transceiver', (pdu) => session.send(pdu.response({ system_id: 'foreign' })));
      session.on('enquire_link', (pdu) => session.send(pdu.response()));
      session.on('submit_sm', (pdu) => {
        taken.push(pdu);
        session.send(pdu.response({ message_id: taken.length.toString(16) }));
      });
      session.on('unbind', (pdu) => {
        left = true;
        session.send(pdu.response());
      });
    });
    server.listen(0, '127.0.0.1');
    await once(server, 'listening');
    const { port } = server.address() as AddressInfo;
    const client = new SmppClient({
      ...LOGIN,
      port,
      enquireLinkMs: 50,
      onDeliver: (message) => void received.push(message),
    });

    for (const [index, text] of TEXTS.entries()) {
      const parts = splitText(text, { reference: index + 1 })!;
      const before = taken.length;
      const outcomes = await client.submit({ parts: parts.map((part) => ({ destination: '13125550142', ...part })) });
      expect(outcomes).toEqual(
        parts.map((_, part) => ({ kind: 'accepted', messageId: (before + part + 1).toString(16) })),
      );
      const heard = taken.slice(before).map((pdu) => pdu.short_message?.message);
      expect(heard.join('')).toBe(text);
    }

    const [session] = sessions;
    const answer = new Promise<ForeignPdu>((resolve) =>
      session!.deliver_sm(
        { esm_class: 4, short_message: 'id:1f stat:DELIVRD err:000', receipted_message_id: '1f', message_state: 2 },
        resolve,
      ),
    );
    expect((await answer).command_status).toBe(0);
    session!.deliver_sm({ source_addr: '13125550142', short_message: 'Привет' }, () => {});
    await until(() => received.length === 2);
    expect(readReceipt(received[0]!)).toMatchObject({ messageId: '1f', state: 'DELIVERED' });
    expect(readText(received[1]!).text).toBe('Привет');

    await client.close();
    expect(left).toBe(true);
    server.close();
  });
});

describe('a foreign client at our server', () => {
  it('binds, submits, asks, is told of receipts and texts, and leaves', async () => {
    const texts: string[] = [];
    const joiner = new TextJoiner({ onIncomplete: () => expect.unreachable() });
    const server = new SmppServer({
      onBind: ({ systemId, password }) => (systemId === 'trackly' && password === 'trackly' ? {} : { status: 0x0e }),
      onSubmit: (message) => {
        const { text, place } = readText(message);
        const joined = place === undefined ? text : joiner.add(message.source, place, text, 0)?.text;
        if (joined !== undefined) texts.push(joined);
        return { messageId: '00AB' };
      },
      onQuery: ({ messageId }) => ({ messageId, messageState: 2 }),
    });
    const port = await server.listen();

    const refused = foreign.connect({ host: '127.0.0.1', port });
    refused.on('error', () => {});
    const refusal = new Promise<ForeignPdu>((resolve) =>
      refused.bind_transceiver({ system_id: 'trackly', password: 'wrong' }, resolve),
    );
    expect((await refusal).command_status).toBe(0x0e);

    const session = foreign.connect({ host: '127.0.0.1', port });
    const received: ForeignPdu[] = [];
    session.on('error', () => {});
    session.on('deliver_sm', (pdu) => {
      received.push(pdu);
      session.send(pdu.response());
    });
    const ask = (
      command: 'bind_transceiver' | 'submit_sm' | 'query_sm' | 'enquire_link' | 'unbind',
      fields: object,
    ): Promise<ForeignPdu> => new Promise((resolve) => session[command](fields, resolve));

    expect(await ask('bind_transceiver', { system_id: 'trackly', password: 'trackly' })).toMatchObject({
      command_status: 0,
      system_id: 'trackly',
    });
    expect(await ask('enquire_link', {})).toMatchObject({ command: 'enquire_link_resp', command_status: 0 });
    for (const text of TEXTS.slice(0, 3)) {
      // Left to itself, it sends septets as data_coding 1, which is ASCII in the standard.
      const coding = /^[^а-я]*$/i.test(text) ? { data_coding: 0 } : {};
      expect(await ask('submit_sm', { destination_addr: '1', short_message: text, ...coding })).toMatchObject({
        command_status: 0,
        message_id: '00AB',
      });
    }
    expect(await ask('submit_sm', { destination_addr: '1', message_payload: 'y'.repeat(1_000) })).toMatchObject({
      command_status: 0,
    });
    expect(texts).toEqual([...TEXTS.slice(0, 3), 'y'.repeat(1_000)]);
    expect(await ask('query_sm', { message_id: '00AB' })).toMatchObject({ message_state: 2, message_id: '00AB' });

    const [ours] = server.sessions;
    const answers: string[] = [];
    const times = { submittedAtMs: Date.UTC(2026, 0, 2), doneAtMs: Date.UTC(2026, 0, 2) };
    const receipt = toReceipt({ messageId: '00AB', state: 'UNDELIVERABLE', ...times });
    ours!.deliver({ source: '1', ...receipt }, ({ command }) => answers.push(command));
    for (const part of splitText('é'.repeat(170), { reference: 1 })!) {
      ours!.deliver({ source: '2', ...part }, ({ command }) => answers.push(command));
    }
    await until(() => answers.length === 3);
    expect(answers).toEqual(['deliver_sm_resp', 'deliver_sm_resp', 'deliver_sm_resp']);
    expect(received[0]).toMatchObject({ receipted_message_id: '00AB', message_state: 5 });
    expect(received.slice(1).map((pdu) => pdu.short_message?.message)).toEqual(['é'.repeat(153), 'é'.repeat(17)]);

    expect(await ask('unbind', {})).toMatchObject({ command: 'unbind_resp', command_status: 0 });
    await until(() => server.sessions.size === 0);
    await server.close();
  });
});
