import { type PduOf, type ServerOptions, STATUSES, toReceipt, splitText } from '@trackly/smpp';
import { describe, expect, it, test, vi } from 'vitest';
import { ACCOUNT_ID, OWN_NUMBER } from '../../../test/helpers/carrier-subject.ts';
import { openSmppSubject, type SmppSubject } from '../../../test/helpers/smpp-subject.ts';
import { findCredentialError } from '../../lib/credentials.ts';
import { WITHDRAWN, type SubmitMessage, type SubmitOutcome } from '../carrier.ts';
import { makeMessage, submitAll } from '../contract-suite.ts';
import type { SmppSessions } from './bind-watch.ts';
import { createSmppCarrier, type SmppArrival } from './smpp-carrier.ts';
import { SMPP_CREDENTIALS } from './settings.ts';

const TO = '+13125550142';
const NOW_MS = Date.UTC(2026, 10, 2, 17, 4);

async function submitOne(subject: SmppSubject, changes: Partial<SubmitMessage> = {}): Promise<SubmitOutcome> {
  const { outcomes } = await submitAll(subject.connection, [makeMessage(OWN_NUMBER, TO, changes)]);
  return outcomes[0]!;
}

function answering(...statuses: number[]): Partial<ServerOptions> {
  let at = 0;
  return { onSubmit: () => ({ status: statuses[Math.min(at++, statuses.length - 1)]!, messageId: `id-${at}` }) };
}

const LONG = { body: 'a'.repeat(200), segments: 2 };

describe('command_status of a submit_sm_resp', () => {
  it.each<[string, number, string, 'retry' | 'permanent' | 'passing']>([
    ['RMSGQFUL', 0x14, 'QUEUE_FULL', 'retry'],
    ['RTHROTTLED', 0x58, 'THROTTLED', 'retry'],
    ['RSYSERR', 0x08, 'REJECTED_SYSTEM_ERROR', 'retry'],
    ['RX_T_APPN', 0x64, 'REJECTED_SYSTEM_ERROR', 'retry'],
    ['RUNKNOWNERR', 0xff, 'REJECTED_SYSTEM_ERROR', 'retry'],
    ['RSUBMITFAIL', 0x45, 'REJECTED_SYSTEM_ERROR', 'passing'],
    ['RDELIVERYFAILURE', 0xfe, 'REJECTED_SYSTEM_ERROR', 'passing'],
    ['RINVDSTADR', 0x0b, 'REJECTED_DESTINATION', 'permanent'],
    ['RINVDSTTON', 0x50, 'REJECTED_DESTINATION', 'permanent'],
    ['RINVDSTNPI', 0x51, 'REJECTED_DESTINATION', 'permanent'],
    ['RINVSRCADR', 0x0a, 'REJECTED_SENDER', 'permanent'],
    ['RINVSRCTON', 0x48, 'REJECTED_SENDER', 'permanent'],
    ['RINVSRCNPI', 0x49, 'REJECTED_SENDER', 'permanent'],
    ['RINVSERTYP', 0x15, 'REJECTED_SENDER', 'permanent'],
    ['RINVMSGLEN', 0x01, 'REJECTED_CONTENT', 'permanent'],
    ['RINVCMDLEN', 0x02, 'REJECTED_CONTENT', 'permanent'],
    ['RINVESMCLASS', 0x43, 'REJECTED_CONTENT', 'permanent'],
    ['RINVSCHED', 0x61, 'REJECTED_CONTENT', 'permanent'],
    ['RINVEXPIRY', 0x62, 'REJECTED_CONTENT', 'permanent'],
    ['RINVDFTMSGID', 0x63, 'REJECTED_CONTENT', 'permanent'],
    ['RINVOPTPARSTREAM', 0xc0, 'REJECTED_CONTENT', 'permanent'],
    ['ROPTPARNOTALLWD', 0xc1, 'REJECTED_CONTENT', 'permanent'],
    ['RINVPARLEN', 0xc2, 'REJECTED_CONTENT', 'permanent'],
    ['RMISSINGOPTPARAM', 0xc3, 'REJECTED_CONTENT', 'permanent'],
    ['RINVOPTPARAMVAL', 0xc4, 'REJECTED_CONTENT', 'permanent'],
    ['RX_P_APPN', 0x65, 'REJECTED_OPERATOR', 'passing'],
    ['RX_R_APPN', 0x66, 'REJECTED_OPERATOR', 'passing'],
    ['RINVBNDSTS', 0x04, 'CARRIER_UNAVAILABLE', 'retry'],
    ['one of a vendor', 0x400, 'CARRIER_0x400', 'passing'],
    ['RCANCELFAIL', 0x11, 'CARRIER_0x11', 'passing'],
  ])('%s', async (_, status, detail, kind) => {
    await using subject = await openSmppSubject({ server: answering(status) });
    const code = `0x${status.toString(16).padStart(2, '0')}`;
    expect(await submitOne(subject)).toEqual(
      kind === 'retry'
        ? { kind: 'retry', detail, code, connectionFailed: false }
        : { kind: 'refused', detail, permanent: kind === 'permanent', code },
    );
  });

  it('ROK is taken, and receipts will carry the id of the answer only', async () => {
    await using subject = await openSmppSubject();
    const outcome = { kind: 'accepted', carrierIds: ['m1'], detail: 'PENDING', echoesOwnId: false };
    expect(await submitOne(subject)).toEqual(outcome);
  });

  it('a fault of the SMSC is met five times, then the message is given up', async () => {
    await using subject = await openSmppSubject({ server: answering(STATUSES.RSYSERR) });
    const message = makeMessage(OWN_NUMBER, TO);
    const kinds: string[] = [];
    for (let i = 0; i < 5; i++) kinds.push((await submitAll(subject.connection, [message])).outcomes[0]!.kind);
    expect(kinds).toEqual(['retry', 'retry', 'retry', 'retry', 'refused']);
  });

  it.each([
    ['hex_to_dec', '00ff', '255'],
    ['dec_to_hex', '255', 'FF'],
    ['verbatim', '00ff', '00ff'],
    ['auto', '00ff', '00ff'],
  ])('with ids %s, %s is kept as %s', async (form, told, kept) => {
    await using subject = await openSmppSubject({
      server: { onSubmit: () => ({ messageId: told }) },
      credentials: { message_id_form: form },
    });
    expect(await submitOne(subject)).toMatchObject({ carrierIds: [kept] });
  });
});

describe('parts', () => {
  it('all taken: an id each', async () => {
    await using subject = await openSmppSubject();
    expect(await submitOne(subject, LONG)).toMatchObject({ kind: 'accepted', carrierIds: ['m1', 'm2'] });
    expect(subject.arrived).toEqual([]);
  });

  it('none taken: the refusal for good decides', async () => {
    await using subject = await openSmppSubject({ server: answering(STATUSES.RTHROTTLED, STATUSES.RINVDSTADR) });
    expect(await submitOne(subject, LONG)).toMatchObject({ kind: 'refused', detail: 'REJECTED_DESTINATION' });
  });

  it('one refused after another was taken: undelivered with its word, and nothing is repeated', async () => {
    await using subject = await openSmppSubject({ server: answering(0, STATUSES.RTHROTTLED) });
    const outcome = await submitOne(subject, { ...LONG, id: 'k3Vd81Qz' });
    expect(outcome).toMatchObject({ kind: 'accepted', carrierIds: ['id-1', ''] });
    expect(subject.arrived).toMatchObject([
      {
        reports: [
          {
            messageId: 'k3Vd81Qz',
            part: 2,
            state: 'undelivered',
            detail: 'THROTTLED',
            code: '0x58',
            ownNumber: OWN_NUMBER,
          },
        ],
      },
    ]);
  });

  it('one refused, and that cannot be kept: in doubt, never again', async () => {
    await using subject = await openSmppSubject({ server: answering(0, STATUSES.RTHROTTLED) });
    subject.onStore = () => Promise.reject(new Error('The log is full'));
    expect(await submitOne(subject, LONG)).toMatchObject({ kind: 'in_doubt' });
  });

  it('one without an answer: in doubt, and the id of the other is kept', async () => {
    let count = 0;
    const server = { onSubmit: () => (++count === 1 ? { messageId: 'first' } : { silent: true }) };
    await using subject = await openSmppSubject({ server });
    expect(await submitOne(subject, LONG)).toEqual({ kind: 'in_doubt', code: 'timeout', carrierIds: ['first', ''] });
  });
});

describe('what nobody knows', () => {
  it('no answer in time is in doubt, and a late one is found', async () => {
    let answer = (): void => {};
    const server: Partial<ServerOptions> = {
      onSubmit: () => new Promise((resolve) => (answer = () => resolve({ messageId: 'late' }))),
    };
    await using subject = await openSmppSubject({ server });
    const message = makeMessage(OWN_NUMBER, TO);
    const { outcomes } = await submitAll(subject.connection, [message]);
    expect(outcomes).toEqual([{ kind: 'in_doubt', code: 'timeout' }]);
    expect(await subject.connection.lookUp!(message, NOW_MS)).toEqual({ kind: 'unknown' });
    answer();
    await vi.waitUntil(async () => (await subject.connection.lookUp!(message, NOW_MS)).kind === 'found');
    expect(await subject.connection.lookUp!(message, NOW_MS)).toMatchObject({
      kind: 'found',
      carrierIds: ['late'],
      report: { messageId: message.id, state: 'sent', detail: 'PENDING' },
    });
  });

  it.each([
    [STATUSES.RINVDSTADR, { kind: 'found', report: { state: 'failed', detail: 'REJECTED_DESTINATION' } }],
    [STATUSES.RTHROTTLED, { kind: 'absent' }],
  ])('a late refusal %i proves that it was not taken', async (status, found) => {
    let answer = (): void => {};
    const server: Partial<ServerOptions> = {
      onSubmit: () => new Promise((resolve) => (answer = () => resolve({ status }))),
    };
    await using subject = await openSmppSubject({ server });
    const message = makeMessage(OWN_NUMBER, TO);
    await submitAll(subject.connection, [message]);
    answer();
    await vi.waitUntil(async () => (await subject.connection.lookUp!(message, NOW_MS)).kind !== 'unknown');
    expect(await subject.connection.lookUp!(message, NOW_MS)).toMatchObject(found);
  });

  it('an SMSC that can be asked tells the state of a late answer', async () => {
    let answer = (): void => {};
    const server: Partial<ServerOptions> = {
      onSubmit: () => new Promise((resolve) => (answer = () => resolve({ messageId: 'late' }))),
      onQuery: ({ messageId }) => ({ messageId, messageState: messageId === 'late' ? 2 : 7 }),
    };
    await using subject = await openSmppSubject({ server, credentials: { query_supported: true } });
    const message = makeMessage(OWN_NUMBER, TO);
    await submitAll(subject.connection, [message]);
    answer();
    await vi.waitUntil(async () => (await subject.connection.lookUp!(message, NOW_MS)).kind === 'found');
    expect(await subject.connection.lookUp!(message, NOW_MS)).toMatchObject({ report: { state: 'delivered' } });
  });

  it('a connection that ends with submits out leaves them in doubt, and what was not sent goes over the next', async () => {
    let submits = 0;
    const server: Partial<ServerOptions> = {
      onSubmit(_, session) {
        submits++;
        if (submits > 2) return { messageId: `m${submits}` };
        if (submits === 2) setImmediate(() => session.close());
        return { silent: true };
      },
    };
    await using subject = await openSmppSubject({ server, credentials: { window: 2 } });
    const messages = Array.from({ length: 4 }, (_, n) => makeMessage(OWN_NUMBER, subject.recipient(n)));
    const { outcomes } = await submitAll(subject.connection, messages);
    const doubt = { kind: 'in_doubt', code: 'closed' };
    expect(outcomes).toMatchObject([doubt, doubt, { kind: 'accepted' }, { kind: 'accepted' }]);
    expect(submits).toBe(4);
  });
});

it('an end of the process awaits answers for a while, then they are in doubt; what was not sent goes back', async () => {
  let submits = 0;
  const onSubmit = (): { silent: true } => {
    submits++;
    return { silent: true };
  };
  const credentials = { window: 2, response_timeout_s: 60, enquire_link_s: 60 };
  await using subject = await openSmppSubject({ server: { onSubmit }, credentials });
  const messages = Array.from({ length: 4 }, (_, n) => makeMessage(OWN_NUMBER, subject.recipient(n)));
  const stop = new AbortController();
  const submitted = submitAll(subject.connection, messages, stop.signal);
  await vi.waitUntil(() => submits === 2);
  const startMs = performance.now();
  stop.abort();
  const doubt = { kind: 'in_doubt', code: 'stopped' };
  const retry = { kind: 'retry', connectionFailed: false };
  expect((await submitted).outcomes).toMatchObject([doubt, doubt, retry, retry]);
  await subject.connection[Symbol.asyncDispose]();
  expect(performance.now() - startMs).toBeLessThan(9_000);
});

it('a connection that is closed awaits the answers to what it has out', async () => {
  let submits = 0;
  const onSubmit: ServerOptions['onSubmit'] = async () => {
    submits++;
    await new Promise((resolve) => setTimeout(resolve, 2_500));
    return { messageId: `m${submits}` };
  };
  const credentials = { window: 1, response_timeout_s: 10 };
  await using subject = await openSmppSubject({ server: { onSubmit }, credentials });
  const messages = Array.from({ length: 2 }, (_, n) => makeMessage(OWN_NUMBER, subject.recipient(n)));
  const submitted = submitAll(subject.connection, messages);
  await vi.waitUntil(() => submits === 1);
  await subject.connection[Symbol.asyncDispose]();
  expect((await submitted).outcomes).toMatchObject([{ kind: 'accepted' }, { kind: 'retry', connectionFailed: false }]);
  expect(submits).toBe(1);
});

describe('an SMSC that cannot be reached', () => {
  it.each([
    [STATUSES.RALYBND, 'RALYBND'],
    [STATUSES.RBINDFAIL, 'RBINDFAIL'],
    [STATUSES.RINVPASWD, 'RINVPASWD'],
    [STATUSES.RINVSYSID, 'RINVSYSID'],
    [STATUSES.RINVSYSTYP, 'RINVSYSTYP'],
  ])('a bind refused with %i: messages wait, the circuit learns of it, the check says so', async (status, code) => {
    await using subject = await openSmppSubject({ server: { onBind: () => ({ status }) } });
    expect(await subject.connection.check!()).toEqual({ passed: false, detail: 'REJECTED_CREDENTIALS' });
    expect(await submitOne(subject)).toEqual({
      kind: 'retry',
      detail: 'REJECTED_CREDENTIALS',
      code,
      connectionFailed: true,
    });
  });

  it('nobody listens: messages go back to the queue, and nothing is in doubt', async () => {
    const subject = await openSmppSubject();
    await subject.server.close();
    expect(await subject.connection.check!()).toEqual({ passed: false, detail: 'ECONNREFUSED' });
    const outcome = { kind: 'retry', detail: 'CARRIER_UNAVAILABLE', code: 'ECONNREFUSED', connectionFailed: true };
    expect(await submitOne(subject)).toEqual(outcome);
    // By now it is known at once.
    const startMs = performance.now();
    expect(await submitOne(subject)).toEqual(outcome);
    expect(performance.now() - startMs).toBeLessThan(1_000);
    await subject.connection[Symbol.asyncDispose]();
  });

  it('a check takes no text away', async () => {
    const statuses: number[] = [];
    await using subject = await openSmppSubject({
      server: {
        onBind(_, session) {
          setImmediate(() =>
            session.deliver({ source: '1', shortMessage: Buffer.from('STOP') }, (a) =>
              statuses.push('status' in a ? a.status : -1),
            ),
          );
          return {};
        },
      },
    });
    expect(await subject.connection.check!()).toEqual({ passed: true, detail: null });
    expect(statuses.filter((status) => status === 0)).toEqual([]);
  });
});

describe('submit_sm', () => {
  async function written(
    credentials: Readonly<Record<string, unknown>>,
    changes: Partial<SubmitMessage> = {},
  ): Promise<PduOf<'submit_sm'>[]> {
    const seen: PduOf<'submit_sm'>[] = [];
    const onSubmit: ServerOptions['onSubmit'] = (message) => ({ messageId: String(seen.push(message)) });
    await using subject = await openSmppSubject({ server: { onSubmit }, credentials });
    await submitOne(subject, changes);
    return seen;
  }

  it('has the fields of the contract', async () => {
    expect(await written({})).toMatchObject([
      {
        serviceType: '',
        sourceTon: 1,
        sourceNpi: 1,
        source: '18445550111',
        destinationTon: 1,
        destinationNpi: 1,
        destination: '13125550142',
        esmClass: 0,
        priorityFlag: 0,
        validityPeriod: '000000040000000R',
        registeredDelivery: 1,
        dataCoding: 0,
        shortMessage: new Uint8Array(Buffer.from('Hello!')),
      },
    ]);
  });

  it.each([
    ['+18445550111', { sourceTon: 1, sourceNpi: 1, source: '18445550111' }],
    ['44555', { sourceTon: 3, sourceNpi: 0, source: '44555' }],
    ['Northwind', { sourceTon: 5, sourceNpi: 0, source: 'Northwind' }],
  ])('tells what kind of sender %s is', async (from, fields) => {
    expect(await written({}, { from })).toMatchObject([fields]);
  });

  it('has addresses as the SMSC wants them', async () => {
    const credentials = { number_plus: true, source_ton: 0, source_npi: 0, dest_ton: 2, dest_npi: 8 };
    expect(await written(credentials, { lane: 'transactional' })).toMatchObject([
      {
        source: OWN_NUMBER,
        sourceTon: 0,
        sourceNpi: 0,
        destination: TO,
        destinationTon: 2,
        destinationNpi: 8,
        priorityFlag: 1,
      },
    ]);
  });

  it.each([
    ['gsm0338', 'é@', 0, '0500'],
    ['latin1', 'é@', 3, 'e940'],
    ['ascii', 'e@', 0, '6540'],
    ['ascii', 'é@', 8, '00e90040'],
    ['latin1', '€', 8, '20ac'],
  ])('in the alphabet %s, %s has data_coding %i', async (alphabet, body, dataCoding, octets) => {
    const [message] = await written({ gsm_alphabet: alphabet }, { body });
    expect(message?.dataCoding).toBe(dataCoding);
    expect(Buffer.from(message!.shortMessage).toString('hex')).toBe(octets);
  });

  it.each([
    ['udh8', 2, 0x40],
    ['udh16', 2, 0x40],
    ['sar', 2, 0],
    ['payload', 1, 0],
  ])('cuts long texts by %s', async (form, parts, esmClass) => {
    const seen = await written({ long_messages: form }, LONG);
    expect(seen).toHaveLength(parts);
    expect(seen[0]).toMatchObject({ esmClass });
    expect(seen[0]!.tlvs.messagePayload?.length).toBe(form === 'payload' ? 200 : undefined);
    expect(seen.at(-1)!.tlvs.sarSegmentSeqnum).toBe(form === 'sar' ? 2 : undefined);
  });

  it('keeps to the window', async () => {
    let [open, most] = [0, 0];
    const onSubmit: ServerOptions['onSubmit'] = async () => {
      most = Math.max(most, ++open);
      await new Promise(setImmediate);
      open--;
      return { messageId: 'm' };
    };
    await using subject = await openSmppSubject({ server: { onSubmit }, credentials: { window: 3 } });
    await submitAll(
      subject.connection,
      Array.from({ length: 50 }, () => makeMessage(OWN_NUMBER, TO)),
    );
    expect(most).toBe(3);
  });
});

describe('what comes in', () => {
  async function open(credentials: Readonly<Record<string, unknown>> = {}): Promise<SmppSubject> {
    const subject = await openSmppSubject({ credentials });
    subject.connection.open!();
    await vi.waitUntil(() => [...subject.server.sessions].some((session) => session.receives));
    return subject;
  }

  function deliver(
    subject: SmppSubject,
    message: Parameters<ReturnType<SmppSubject['session']>['deliver']>[0],
  ): Promise<number> {
    return new Promise((resolve) =>
      subject.session().deliver(message, (answer) => resolve('status' in answer ? answer.status : -1)),
    );
  }

  const addresses = { source: '13125550142', destination: '18445550111' };

  it.each<[Parameters<typeof toReceipt>[0]['state'], string, string, boolean | null]>([
    ['ENROUTE', 'sent', 'PENDING', null],
    ['ACCEPTED', 'sent', 'PENDING', null],
    ['UNKNOWN', 'sent', 'PENDING', null],
    ['DELIVERED', 'delivered', 'DELIVERED_TO_HANDSET', null],
    ['EXPIRED', 'undelivered', 'EXPIRED', false],
    ['DELETED', 'undelivered', 'UNDELIVERABLE_NOT_DELIVERED', false],
    ['UNDELIVERABLE', 'undelivered', 'UNDELIVERABLE_NOT_DELIVERED', false],
    ['REJECTED', 'undelivered', 'REJECTED_OPERATOR', false],
  ])('a receipt with the state %s', async (state, ours, detail, permanent) => {
    for (const form of ['both', 'text', 'tlv'] as const) {
      await using subject = await open();
      const times = { submittedAtMs: NOW_MS, doneAtMs: NOW_MS };
      const receipt = toReceipt({ messageId: '0A1', state, error: '012', text: 'Hello!', form, ...times });
      expect(await deliver(subject, { ...addresses, ...receipt })).toBe(0);
      const report = { messageId: null, carrierId: '0A1', part: null, state: ours, detail, permanent };
      const told = form === 'tlv' ? { code: null, atMs: null } : { code: '012', atMs: NOW_MS };
      const about = { to: TO, textStart: form === 'tlv' ? '' : 'Hello!' };
      expect(subject.arrived).toEqual([
        { reports: [{ ...report, ...told, about, ownNumber: '18445550111' }], inbound: [] },
      ]);
    }
  });

  it('the err of a receipt has the word of the table', async () => {
    await using subject = await open({
      receipt_errors: { '012': 'REJECTED_ABSENT_SUBSCRIBER', '034': 'REJECTED_DESTINATION' },
    });
    for (const error of ['012', '034', '056']) {
      const times = { submittedAtMs: NOW_MS, doneAtMs: NOW_MS };
      await deliver(subject, {
        ...addresses,
        ...toReceipt({ messageId: '1', state: 'UNDELIVERABLE', error, ...times }),
      });
    }
    expect(subject.arrived.flatMap(({ reports }) => reports)).toMatchObject([
      { detail: 'REJECTED_ABSENT_SUBSCRIBER', permanent: false },
      { detail: 'REJECTED_DESTINATION', permanent: true },
      { detail: 'UNDELIVERABLE_NOT_DELIVERED', permanent: false },
    ]);
  });

  it('an intermediate notification is never the end', async () => {
    await using subject = await open();
    await deliver(subject, { ...addresses, esmClass: 0x20, tlvs: { receiptedMessageId: '1', messageState: 2 } });
    expect(subject.arrived[0]?.reports).toMatchObject([{ state: 'sent', detail: 'PENDING' }]);
  });

  it('a receipt without an id is answered and kept nowhere', async () => {
    await using subject = await open();
    expect(await deliver(subject, { ...addresses, esmClass: 0x04, shortMessage: Buffer.from('stat:DELIVRD') })).toBe(0);
    expect(subject.arrived).toEqual([]);
  });

  it('is answered after it is stored, and refused for now when it is not', async () => {
    await using subject = await open();
    let store = (): void => {};
    subject.onStore = () => new Promise((resolve) => (store = resolve));
    let answered: number | undefined;
    const answer = deliver(subject, { ...addresses, shortMessage: Buffer.from('STOP') }).then((it) => (answered = it));
    await new Promise((resolve) => setTimeout(resolve, 30));
    expect(answered).toBeUndefined();
    store();
    expect(await answer).toBe(0);
    subject.onStore = () => Promise.reject(new Error('The log is full'));
    expect(await deliver(subject, { ...addresses, shortMessage: Buffer.from('STOP') })).toBe(STATUSES.RSYSERR);
  });

  it('texts have their alphabet, sender and number, and each an id', async () => {
    await using subject = await open();
    await deliver(subject, { ...addresses, shortMessage: Buffer.from('STOP') });
    await deliver(subject, { ...addresses, dataCoding: 8, shortMessage: Buffer.from('041f0440', 'hex') });
    const texts = subject.arrived.flatMap(({ inbound }) => inbound);
    expect(texts).toMatchObject([
      { from: '13125550142', to: '18445550111', text: 'STOP' },
      { from: '13125550142', to: '18445550111', text: 'Пр' },
    ]);
    expect(texts[0]?.id).not.toBe(texts[1]?.id);
  });

  it.each(['udh8', 'udh16', 'sar'] as const)(
    'parts of a long text cut by %s say which they are',
    async (longMessages) => {
      await using subject = await open();
      for (const part of splitText('b'.repeat(200), { reference: 7, longMessages })!)
        await deliver(subject, { ...addresses, ...part });
      const texts = subject.arrived.flatMap(({ inbound }) => inbound);
      const key = longMessages === 'sar' ? 'sar 7' : 'udh 7';
      expect(texts.map(({ part }) => part)).toEqual([
        { key, total: 2, number: 1 },
        { key, total: 2, number: 2 },
      ]);
      expect(texts.map(({ text }) => text).join('')).toBe('b'.repeat(200));
    },
  );
});

test('tells of its sessions: one there, gone with the SMSC, and why', async () => {
  const told: SmppSessions[] = [];
  await using subject = await openSmppSubject();
  const carrier = createSmppCarrier({
    clock: Date.now,
    onArrived: async () => {},
    onSessions: (listId, sessions) => void told.push({ ...sessions, listId } as SmppSessions),
  });
  const { credentials } = subject;
  await using connection = carrier.connect({ id: 7, accountId: ACCOUNT_ID, number: OWN_NUMBER, credentials });
  connection.open!();
  await vi.waitUntil(() => told.length > 0);
  expect(told).toEqual([{ listId: 7, bound: 1, wanted: 1, missing: null }]);
  await subject.server.close();
  await vi.waitUntil(() => told.at(-1)?.missing?.code === 'ECONNREFUSED', { timeout: 10_000 });
  expect(told.at(-1)).toMatchObject({ bound: 0, wanted: 1, missing: { detail: 'CARRIER_UNAVAILABLE' } });
});

test('lists with the same access are one account', async () => {
  await using subject = await openSmppSubject();
  const arrivals: SmppArrival[] = [];
  const carrier = createSmppCarrier({ clock: Date.now, onArrived: async (arrival) => void arrivals.push(arrival) });
  await using connection = carrier.connect({
    id: 1,
    accountId: ACCOUNT_ID,
    number: OWN_NUMBER,
    credentials: subject.credentials,
  });
  connection.open!();
  await vi.waitUntil(() => [...subject.server.sessions].some((session) => session.receives));
  subject.session().deliver({ source: '13125550142', shortMessage: Buffer.from('STOP') }, () => {});
  await vi.waitUntil(() => arrivals.length === 1);
  expect(arrivals[0]?.isSameAccount({ ...subject.credentials, window: 99 })).toBe(true);
  expect(arrivals[0]?.isSameAccount({ ...subject.credentials, password: 'other' })).toBe(false);
});

test.each([
  [{}, undefined],
  [
    { window: 100, binds: 2, tls: true, source_ton: 0, gsm_alphabet: 'latin1', receipt_errors: { '1': 'EXPIRED' } },
    undefined,
  ],
  [{ port: 65_536 }, 'port must be at most 65535'],
  [{ password: '123456789' }, 'password must have at most 8 characters of ASCII'],
  [{ source_ton: -1 }, 'source_ton must be a whole number'],
  [{ bind_mode: 'both' }, 'bind_mode must be one of transceiver, transmitter+receiver'],
  [{ host: 'smpp://x' }, 'host must match'],
  [{ receipt_errors: { '1': 'NO_WORD' } }, 'receipt_errors must name one of these for each code'],
])('credentials with %j', (changes, problem) => {
  const credentials = { host: 'smsc.example.net', port: 2775, system_id: 'trackly', password: 'secret', ...changes };
  const found = findCredentialError(SMPP_CREDENTIALS, credentials);
  expect(problem === undefined ? found === undefined : found?.startsWith(problem)).toBe(true);
});

test('at a low rate, whoever opts out while the message waits gets nothing of it', async () => {
  const seen: string[] = [];
  const server: Partial<ServerOptions> = {
    onSubmit: (submit) => {
      seen.push(submit.destination);
      return { messageId: `id-${seen.length}` };
    },
  };
  await using subject = await openSmppSubject({ server, credentials: { rate_per_second: 40 } });
  const leaving = new Set<string>();
  const phones = Array.from({ length: 40 }, (_, index) => `+1312555${String(1_000 + index)}`);
  const messages = phones.map((to) => makeMessage(OWN_NUMBER, to, { ...LONG, isWithdrawn: () => leaving.has(to) }));
  const submitted = submitAll(subject.connection, messages);
  await vi.waitFor(() => expect(seen.length).toBeGreaterThan(0));
  const before = new Set(seen.map((phone) => `+${phone.replace('+', '')}`));
  for (const phone of phones.slice(20)) if (!before.has(phone)) leaving.add(phone);
  const { outcomes, counts } = await submitted;
  expect(counts).toEqual(messages.map(() => 1));
  const went = new Set(seen.map((phone) => `+${phone.replace('+', '')}`));
  expect([...leaving].filter((phone) => went.has(phone))).toEqual([]);
  const withdrawn = phones.filter((_, index) => outcomes[index] === WITHDRAWN);
  expect(withdrawn).toEqual([...leaving]);
  expect(outcomes.filter((outcome) => outcome?.kind === 'accepted')).toHaveLength(phones.length - leaving.size);
});
