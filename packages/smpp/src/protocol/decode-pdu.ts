import { BODIES, type Destination, type FailedDestination, type FieldForm } from './bodies.ts';
import { commandOf, type Command, isResponseId } from './commands.ts';
import { HEADER_BYTES } from './limits.ts';
import type { Pdu, ShortMessage } from './pdu.ts';
import { PduError } from './pdu-error.ts';
import { copyOf, readInt2, readInt4, Reader } from './reader.ts';
import { STATUSES } from './statuses.ts';
import { NO_TLVS, TLV_BY_TAG, type TlvForm, type Tlvs } from './tlvs.ts';

/**
 * Reads the frame in `bytes` from `start` (its length field) to `end`. Octet fields are copied, so `bytes` may be used
 * again. Strict with requests. Answers of real servers are taken with a body that is missing or cut short: what could not
 * be read is empty or zero.
 * @throws PduError with the status to answer with; RINVCMDID for commands that are not of SMPP 3.4
 */
export function decodePdu(bytes: Uint8Array, start = 0, end = bytes.length): Pdu {
  if (end - start < HEADER_BYTES) throw new PduError(STATUSES.RINVCMDLEN, 'Shorter than a header');
  const id = readInt4(bytes, start + 4);
  const command = commandOf(id);
  if (command === undefined) throw new PduError(STATUSES.RINVCMDID, `Unknown command 0x${id.toString(16)}`);
  const status = readInt4(bytes, start + 8);
  const sequence = readInt4(bytes, start + 12);
  const reader = new Reader(bytes, start + HEADER_BYTES, end, isResponseId(id));
  if (command === 'submit_sm' || command === 'deliver_sm') return readShortMessage(reader, command, status, sequence);
  return { command, status, sequence, ...readFields(reader, command), tlvs: readTlvs(reader) } as Pdu;
}

/** submit_sm and deliver_sm by hand, because nearly all traffic is these two. */
function readShortMessage(reader: Reader, command: 'submit_sm' | 'deliver_sm', status: number, sequence: number): Pdu {
  const fields: Omit<ShortMessage, 'tlvs'> = {
    serviceType: reader.text(6),
    sourceTon: reader.int1(),
    sourceNpi: reader.int1(),
    source: reader.text(21),
    destinationTon: reader.int1(),
    destinationNpi: reader.int1(),
    destination: reader.text(21),
    esmClass: reader.int1(),
    protocolId: reader.int1(),
    priorityFlag: reader.int1(),
    scheduleDeliveryTime: reader.text(17),
    validityPeriod: reader.text(17),
    registeredDelivery: reader.int1(),
    replaceIfPresent: reader.int1(),
    dataCoding: reader.int1(),
    smDefaultMsgId: reader.int1(),
    shortMessage: reader.shortOctets(),
  };
  return { command, status, sequence, ...fields, tlvs: readTlvs(reader) };
}

/** Reads the mandatory fields of a command from the table. */
export function readFields(reader: Reader, command: Command): Record<string, unknown> {
  const forms: Readonly<Record<string, FieldForm>> = BODIES[command];
  const fields: Record<string, unknown> = {};
  for (const name in forms) fields[name] = readField(reader, forms[name] as FieldForm);
  return fields;
}

function readField(reader: Reader, form: FieldForm): unknown {
  switch (form.kind) {
    case 'int1':
      return reader.int1();
    case 'text':
      return reader.text(form.max);
    case 'octets':
      return reader.shortOctets();
    case 'destinations':
      return readDestinations(reader);
    case 'failures':
      return readFailures(reader);
    default:
      return form satisfies never;
  }
}

function readDestinations(reader: Reader): Destination[] {
  return Array.from({ length: reader.int1() }, () => {
    const flag = reader.int1();
    if (flag === 2) return { list: reader.text(21) };
    if (flag !== 1) throw new PduError(STATUSES.RINVDESTFLAG, `dest_flag ${flag}`);
    return { ton: reader.int1(), npi: reader.int1(), address: reader.text(21) };
  });
}

function readFailures(reader: Reader): FailedDestination[] {
  return Array.from({ length: reader.int1() }, () => ({
    ton: reader.int1(),
    npi: reader.int1(),
    address: reader.text(21),
    status: reader.int4(),
  }));
}

function readTlvs(reader: Reader): Tlvs {
  if (reader.left === 0) return NO_TLVS;
  const { bytes } = reader;
  const tlvs: Record<string, unknown> = {};
  let other: Map<number, Uint8Array> | undefined;
  while (reader.left > 0) {
    if (reader.left < 4) return finishTlvs(reader, tlvs);
    const tag = readInt2(bytes, reader.at);
    const length = readInt2(bytes, reader.at + 2);
    if (reader.left < 4 + length) return finishTlvs(reader, tlvs);
    const start = reader.at + 4;
    reader.at = start + length;
    const form = TLV_BY_TAG.get(tag);
    if (form !== undefined) tlvs[form.name] = readTlv(bytes, form, start, length);
    else {
      other ??= new Map<number, Uint8Array>();
      other.set(tag, copyOf(bytes, start, start + length));
      tlvs['other'] = other;
    }
  }
  return tlvs;
}

/** The rest is no parameter. */
function finishTlvs(reader: Reader, tlvs: Record<string, unknown>): Tlvs {
  if (!reader.isLenient) throw new PduError(STATUSES.RINVOPTPARSTREAM, 'The optional parameters do not fit the frame');
  reader.at = reader.end;
  return tlvs;
}

/** Numbers are read by the length they have, since servers differ in the width of some. */
function readTlv(bytes: Uint8Array, form: TlvForm, start: number, length: number): unknown {
  switch (form.kind) {
    case 'octets':
      return copyOf(bytes, start, start + length);
    case 'flag':
      return true;
    case 'text':
      return new Reader(bytes, start, start + length, true).text(length + 1);
    case 'int1':
    case 'int2':
    case 'int4': {
      if (length < 1 || length > 4) throw new PduError(STATUSES.RINVPARLEN, `${form.name} has ${length} octets`);
      let value = 0;
      for (let i = start; i < start + length; i++) value = value * 256 + (bytes[i] as number);
      return value;
    }
    default:
      return form.kind satisfies never;
  }
}
