import * as fc from 'fast-check';
import { describe, expect, it, test } from 'vitest';
import { COMMAND_IDS, type Command } from './commands.ts';
import { decodePdu } from './decode-pdu.ts';
import { encodePdu } from './encode-pdu.ts';
import { type BadLength, FrameReader } from './frame-reader.ts';
import { MAX_FRAME_BYTES } from './limits.ts';
import { PduError } from './pdu-error.ts';

const FRAMES = [
  encodePdu('enquire_link', { sequence: 1 }, {}),
  encodePdu('submit_sm', { sequence: 2 }, { destination: '13125550142', shortMessage: Buffer.from('Hello') }),
  encodePdu('deliver_sm', { sequence: 3 }, { tlvs: { receiptedMessageId: 'abc', messageState: 2 } }),
  encodePdu('submit_sm_resp', { sequence: 4 }, { messageId: '0a1b' }),
];
const STREAM = Buffer.concat(FRAMES);

function readAll(chunks: readonly Uint8Array[]): { frames: string[]; bad: BadLength | undefined; reader: FrameReader } {
  const reader = new FrameReader();
  const frames: string[] = [];
  let bad: BadLength | undefined;
  for (const chunk of chunks) {
    bad ??= reader.push(chunk, (bytes, start, end) => {
      frames.push(Buffer.from(bytes.subarray(start, end)).toString('hex'));
      return true;
    });
  }
  return { frames, bad, reader };
}

const WHOLE = FRAMES.map((frame) => Buffer.from(frame).toString('hex'));

describe('the cutting of a stream into frames', () => {
  it('does not depend on where the stream is cut in two', () => {
    for (let at = 0; at <= STREAM.length; at++) {
      expect(readAll([STREAM.subarray(0, at), STREAM.subarray(at)]).frames).toEqual(WHOLE);
    }
  });

  it('takes one octet at a time', () => {
    const { frames, reader } = readAll([...STREAM].map((octet) => Uint8Array.of(octet)));
    expect(frames).toEqual(WHOLE);
    expect(reader.heldBytes).toBe(0);
  });

  it('takes any cuts, and stops of the listener at any frame', () => {
    const cuts = fc.array(fc.nat(STREAM.length), { maxLength: 12 });
    fc.assert(
      fc.property(cuts, fc.array(fc.boolean(), { maxLength: 8 }), (places, answers) => {
        const reader = new FrameReader();
        const frames: string[] = [];
        const goesOn = [...answers];
        const onFrame = (bytes: Uint8Array, start: number, end: number): boolean => {
          frames.push(Buffer.from(bytes.subarray(start, end)).toString('hex'));
          return goesOn.shift() ?? true;
        };
        const sorted = [0, ...places.sort((a, b) => a - b), STREAM.length];
        for (let i = 1; i < sorted.length; i++) reader.push(STREAM.subarray(sorted[i - 1], sorted[i]), onFrame);
        for (let i = 0; i <= answers.length; i++) reader.push(new Uint8Array(0), onFrame);
        expect(frames).toEqual(WHOLE);
      }),
    );
  });

  it.each([0, 1, 15, MAX_FRAME_BYTES + 1, 0x7fffffff, 0xffffffff])('refuses the length %i', (length) => {
    const frame = Buffer.from(FRAMES[1]!);
    frame.writeUInt32BE(length, 0);
    expect(readAll([frame]).bad).toEqual({ length, sequence: 2 });
    expect(readAll([...frame].map((octet) => Uint8Array.of(octet))).bad).toEqual({ length, sequence: 0 });
  });

  it('holds what came, not what a length claims', () => {
    const reader = new FrameReader();
    reader.push(Buffer.from([0, 1, 0, 0, 0, 0, 0, 4]), () => true);
    expect(reader.heldBytes).toBe(8);
  });

  it('reads a frame of the longest length in single octets without copying it again and again', () => {
    const long = encodePdu('submit_sm', { sequence: 1 }, { tlvs: { messagePayload: new Uint8Array(65_000) } });
    const startMs = performance.now();
    expect(readAll([...long].map((octet) => Uint8Array.of(octet))).frames).toHaveLength(1);
    expect(performance.now() - startMs).toBeLessThan(2_000);
  });
});

/** Whatever the octets: a PDU, or an error with a status to answer with. */
function decodeOrRefuse(frame: Uint8Array): number {
  try {
    return decodePdu(frame).status;
  } catch (error) {
    if (error instanceof PduError && error.status > 0) return error.status;
    throw error;
  }
}

describe('the decoder on frames that are not right', () => {
  it('refuses or reads frames cut at any octet', () => {
    for (const frame of FRAMES) {
      for (let length = 0; length <= frame.length; length++)
        expect(() => decodeOrRefuse(frame.slice(0, length))).not.toThrow();
    }
  });

  it('refuses or reads any octets under any command', () => {
    const commands = fc.constantFrom(...(Object.keys(COMMAND_IDS) as Command[]));
    fc.assert(
      fc.property(commands, fc.uint8Array({ maxLength: 300 }), (command, body) => {
        const frame = Buffer.concat([encodePdu('unbind', { sequence: 1 }, {}), body]);
        frame.writeUInt32BE(COMMAND_IDS[command], 4);
        expect(() => decodeOrRefuse(frame)).not.toThrow();
      }),
      { numRuns: 2_000 },
    );
  });

  it('refuses or reads frames with changed octets', () => {
    const changes = fc.array(fc.tuple(fc.nat(), fc.nat(255)), { minLength: 1, maxLength: 6 });
    fc.assert(
      fc.property(fc.constantFrom(...FRAMES), changes, (frame, changed) => {
        const mutated = frame.slice();
        for (const [place, value] of changed) mutated[place % mutated.length] = value;
        expect(() => decodeOrRefuse(mutated)).not.toThrow();
      }),
      { numRuns: 2_000 },
    );
  });

  test.each([
    ['an unknown command', (frame: Buffer) => frame.writeUInt32BE(0x99, 4), 0x03],
    ['sm_length beyond the frame', (frame: Buffer) => frame.writeUInt8(200, frame.length - 6), 0x01],
    ['a parameter beyond the frame', (frame: Buffer) => frame.writeUInt16BE(9, frame.length - 2), 0xc0],
  ])('%s has its status', (_, change, status) => {
    const tail = Buffer.from([0x02, 0x04, 0x00, 0x00]);
    const frame = Buffer.concat([encodePdu('submit_sm', { sequence: 1 }, { shortMessage: Uint8Array.of(65) }), tail]);
    change(frame);
    expect(decodeOrRefuse(frame)).toBe(status);
  });
});
