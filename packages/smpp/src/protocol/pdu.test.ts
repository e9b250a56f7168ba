import * as fc from 'fast-check';
import { describe, expect, it, test } from 'vitest';
import { BODIES, type FieldForm } from './bodies.ts';
import { COMMAND_IDS, type Command } from './commands.ts';
import { decodePdu, readFields } from './decode-pdu.ts';
import { encodePdu, putFields } from './encode-pdu.ts';
import { GrowingTarget } from './frame-writer.ts';
import type { BodyInput, Pdu } from './pdu.ts';
import { Reader } from './reader.ts';
import { putShortMessage } from './short-message.ts';
import { TLVS, type TlvName, type Tlvs } from './tlvs.ts';

const COMMANDS = Object.keys(COMMAND_IDS) as Command[];

function latin1(maxLength: number): fc.Arbitrary<string> {
  return fc.array(fc.integer({ min: 1, max: 255 }), { maxLength }).map((codes) => String.fromCharCode(...codes));
}

function fieldValue(form: FieldForm): fc.Arbitrary<unknown> {
  switch (form.kind) {
    case 'int1':
      return fc.nat(255);
    case 'text':
      return latin1(form.max - 1);
    case 'octets':
      return fc.uint8Array({ maxLength: 254 });
    case 'destinations':
      return fc.array(
        fc.oneof(
          fc.record({ ton: fc.nat(255), npi: fc.nat(255), address: latin1(20) }),
          fc.record({ list: latin1(20) }),
        ),
        { maxLength: 255 },
      );
    case 'failures':
      return fc.array(
        fc.record({ ton: fc.nat(255), npi: fc.nat(255), address: latin1(20), status: fc.nat(0xffffffff) }),
        { maxLength: 255 },
      );
    default:
      return form satisfies never;
  }
}

function tlvValue(name: TlvName): fc.Arbitrary<unknown> {
  const [, kind] = TLVS[name];
  if (kind === 'int1') return fc.nat(0xff);
  if (kind === 'int2') return fc.nat(0xffff);
  if (kind === 'int4') return fc.nat(0xffffffff);
  if (kind === 'text') return latin1(64);
  return kind === 'flag' ? fc.constant(true) : fc.uint8Array({ maxLength: 400 });
}

const tlvs = fc.record(
  {
    ...(Object.fromEntries(Object.keys(TLVS).map((name) => [name, tlvValue(name as TlvName)])) as Record<
      string,
      fc.Arbitrary<unknown>
    >),
    other: fc
      .dictionary(fc.integer({ min: 0x1400, max: 0x3fff }).map(String), fc.uint8Array({ maxLength: 20 }), {
        minKeys: 1,
      })
      .map((entries) => new Map(Object.entries(entries).map(([tag, value]) => [Number(tag), value]))),
  },
  { requiredKeys: [] },
);

function bodyOf(command: Command): fc.Arbitrary<BodyInput<Command>> {
  const forms: Readonly<Record<string, FieldForm>> = BODIES[command];
  const fields = Object.fromEntries(Object.entries(forms).map(([name, form]) => [name, fieldValue(form)]));
  return fc.record({ ...fields, tlvs });
}

function roundTrip(command: Command, body: BodyInput<Command>, status = 0, sequence = 1): Pdu {
  return decodePdu(encodePdu(command, { status, sequence }, body));
}

describe.each(COMMANDS)('%s', (command) => {
  it('has the id of the standard in its header', () => {
    const frame = Buffer.from(encodePdu(command, { status: 0x12345678, sequence: 0x7fffffff }, {}));
    expect(frame.readUInt32BE(0)).toBe(frame.length);
    expect(frame.readUInt32BE(4)).toBe(COMMAND_IDS[command]);
    expect(frame.readUInt32BE(8)).toBe(0x12345678);
    expect(frame.readUInt32BE(12)).toBe(0x7fffffff);
  });

  it('comes back as it was written', () => {
    fc.assert(
      fc.property(
        bodyOf(command),
        fc.nat(0xffffffff),
        fc.integer({ min: 1, max: 0x7fffffff }),
        (body, status, sequence) => {
          expect(roundTrip(command, body, status, sequence)).toEqual({ command, status, sequence, ...body });
        },
      ),
      { numRuns: 30 },
    );
  });
});

test.each(Object.keys(TLVS) as TlvName[])('the parameter %s comes back, under its tag', (name) => {
  const [tag] = TLVS[name];
  fc.assert(
    fc.property(tlvValue(name), (value) => {
      const sent = { [name]: value } as Tlvs;
      const frame = Buffer.from(encodePdu('data_sm_resp', { sequence: 1 }, { messageId: '', tlvs: sent }));
      expect(frame.readUInt16BE(17)).toBe(tag);
      expect(decodePdu(frame).tlvs).toEqual(sent);
    }),
    { numRuns: 20 },
  );
});

test('submit_sm by hand is what the table says', () => {
  fc.assert(
    fc.property(bodyOf('submit_sm'), (body) => {
      const byHand = new GrowingTarget();
      const byTable = new GrowingTarget();
      byHand.reserve(1_000);
      byTable.reserve(1_000);
      putShortMessage(byHand, body);
      putFields(byTable, BODIES.submit_sm, body);
      expect(byHand.written()).toEqual(byTable.written());
      const read = roundTrip('submit_sm', body);
      const written = byTable.written();
      expect(read).toMatchObject(readFields(new Reader(written, 0, written.length, false), 'submit_sm'));
    }),
  );
});

test('a submit_sm as the standard lays it out', () => {
  const frame = encodePdu(
    'submit_sm',
    { sequence: 2 },
    {
      sourceTon: 3,
      source: '12345',
      destinationTon: 1,
      destinationNpi: 1,
      destination: '13125550142',
      validityPeriod: '000000040000000R',
      registeredDelivery: 1,
      shortMessage: Buffer.from('Hi'),
    },
  );
  const octets = [
    '00000043 00000004 00000000 00000002',
    '00 03 00 313233343500 01 01 313331323535353031343200',
    '00 00 00 00 3030303030303034303030303030305200 01 00 00 00 02 4869',
  ];
  expect(Buffer.from(frame).toString('hex')).toBe(octets.join('').replaceAll(' ', ''));
});

test.each<[string, Command, BodyInput<Command>]>([
  ['an address of 21 octets', 'submit_sm', { destination: '1'.repeat(21) }],
  ['a NUL inside a text', 'submit_sm', { source: 'a\0b' }],
  ['a character outside Latin-1', 'submit_sm', { source: '€' }],
  ['a short_message of 255 octets', 'submit_sm', { shortMessage: new Uint8Array(255) }],
  ['a password of 9 characters', 'bind_transceiver', { password: '123456789' }],
  ['a frame over 65,536 octets', 'submit_sm', { tlvs: { messagePayload: new Uint8Array(65_530) } }],
  ['256 destinations', 'submit_multi', { destinations: Array.from({ length: 256 }, () => ({ list: 'a' })) }],
])('%s is not written', (_, command, body) => {
  const target = (): Uint8Array => encodePdu(command, { sequence: 1 }, body);
  expect(target).toThrow(expect.objectContaining({ name: 'PduError' }));
});

test('answers of real servers: no body after an error, no NUL at the end, a body cut short', () => {
  const header = (length: number, id: number, status: number): Buffer => {
    const frame = Buffer.alloc(length);
    frame.writeUInt32BE(length, 0);
    frame.writeUInt32BE(id, 4);
    frame.writeUInt32BE(status, 8);
    frame.writeUInt32BE(9, 12);
    return frame;
  };
  expect(decodePdu(header(16, COMMAND_IDS.submit_sm_resp, 0x58))).toMatchObject({ status: 0x58, messageId: '' });
  const noEnd = Buffer.concat([header(16, COMMAND_IDS.submit_sm_resp, 0), Buffer.from('abc')]);
  expect(decodePdu(noEnd)).toMatchObject({ messageId: 'abc' });
  expect(decodePdu(header(16, COMMAND_IDS.query_sm_resp, 0x67))).toMatchObject({ messageId: '', messageState: 0 });
});

test('a number in a parameter may be wider or narrower than the standard says', () => {
  const frame = encodePdu(
    'deliver_sm',
    { sequence: 1 },
    {
      tlvs: {
        other: new Map([
          [0x0427, Uint8Array.of(0, 2)],
          [0x020c, Uint8Array.of(7)],
        ]),
      },
    },
  );
  expect(decodePdu(frame).tlvs).toEqual({ messageState: 2, sarMsgRefNum: 7 });
});
