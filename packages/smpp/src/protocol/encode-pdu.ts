import { BODIES, type Destination, type FailedDestination, type FieldForm } from './bodies.ts';
import { COMMAND_IDS, type Command } from './commands.ts';
import {
  endFrame,
  GrowingTarget,
  putInt1,
  putInt2,
  putInt4,
  putOctets,
  putText,
  type ByteTarget,
} from './frame-writer.ts';
import { MAX_FRAME_BYTES } from './limits.ts';
import type { BodyInput } from './pdu.ts';
import { PduError } from './pdu-error.ts';
import { putShortMessage } from './short-message.ts';
import { STATUSES } from './statuses.ts';
import { NO_TLVS, TLV_BY_NAME, type TlvForm, type Tlvs } from './tlvs.ts';

/** Mandatory fields of any PDU but submit_multi are shorter than this. */
const FIXED_ROOM = 512;
/** Room for one recipient of a submit_multi with its type, its status and its address. */
const DESTINATION_ROOM = 32;

/**
 * Writes one PDU. What was written before stays; on an error nothing is added.
 * @throws PduError when a field is too long for its place or the frame for SMPP
 */
export function putPdu<Name extends Command>(
  target: ByteTarget,
  command: Name,
  status: number,
  sequence: number,
  body: BodyInput<Name>,
): void {
  target.reserve(roomFor(body));
  const start = target.at;
  try {
    target.at += 4;
    putInt4(target, COMMAND_IDS[command]);
    putInt4(target, status);
    putInt4(target, sequence);
    if (command === 'submit_sm' || command === 'deliver_sm') putShortMessage(target, body);
    else putFields(target, BODIES[command], body);
    putTlvs(target, body.tlvs ?? NO_TLVS);
    if (target.at - start > MAX_FRAME_BYTES) throw new PduError(STATUSES.RINVCMDLEN, 'The frame is too long');
    endFrame(target, start);
  } catch (error) {
    target.at = start;
    throw error;
  }
}

/** One PDU as a frame of its own. @throws PduError as putPdu does */
export function encodePdu<Name extends Command>(
  command: Name,
  header: { readonly status?: number; readonly sequence: number },
  body: BodyInput<Name>,
): Uint8Array {
  const target = new GrowingTarget();
  putPdu(target, command, header.status ?? 0, header.sequence, body);
  return target.written();
}

/** Writes mandatory fields from a table; missing ones as empty or zero. */
export function putFields(
  target: ByteTarget,
  forms: Readonly<Record<string, FieldForm>>,
  body: Readonly<Record<string, unknown>>,
): void {
  for (const name in forms) putField(target, forms[name] as FieldForm, body[name]);
}

function putField(target: ByteTarget, form: FieldForm, value: unknown): void {
  switch (form.kind) {
    case 'int1':
      return putInt1(target, (value as number | undefined) ?? 0);
    case 'text':
      return putText(target, (value as string | undefined) ?? '', form.max);
    case 'octets':
      return putShortOctets(target, value as Uint8Array | undefined);
    case 'destinations':
      return putDestinations(target, (value as readonly Destination[] | undefined) ?? []);
    case 'failures':
      return putFailures(target, (value as readonly FailedDestination[] | undefined) ?? []);
  }
}

function putShortOctets(target: ByteTarget, octets: Uint8Array | undefined): void {
  const length = octets?.length ?? 0;
  if (length > 254) throw new PduError(STATUSES.RINVMSGLEN, `short_message has ${length} octets, more than 254`);
  putInt1(target, length);
  if (octets !== undefined) putOctets(target, octets);
}

function putDestinations(target: ByteTarget, destinations: readonly Destination[]): void {
  if (destinations.length > 255) throw new PduError(STATUSES.RINVNUMDESTS, 'More than 255 destinations');
  putInt1(target, destinations.length);
  for (const destination of destinations) {
    if ('list' in destination) {
      putInt1(target, 2);
      putText(target, destination.list, 21);
    } else {
      putInt1(target, 1);
      putInt1(target, destination.ton);
      putInt1(target, destination.npi);
      putText(target, destination.address, 21);
    }
  }
}

function putFailures(target: ByteTarget, failures: readonly FailedDestination[]): void {
  if (failures.length > 255) throw new PduError(STATUSES.RINVNUMDESTS, 'More than 255 destinations');
  putInt1(target, failures.length);
  for (const { ton, npi, address, status } of failures) {
    putInt1(target, ton);
    putInt1(target, npi);
    putText(target, address, 21);
    putInt4(target, status);
  }
}

export function putTlvs(target: ByteTarget, tlvs: Tlvs): void {
  if (tlvs === NO_TLVS) return;
  for (const name in tlvs) {
    const value = tlvs[name as keyof Tlvs];
    const form = TLV_BY_NAME.get(name);
    if (form !== undefined && value !== undefined) putTlv(target, form, value as number | string | Uint8Array | true);
  }
  tlvs.other?.forEach((octets, tag) => putTlvOctets(target, tag, octets));
}

function putTlv(target: ByteTarget, { tag, kind }: TlvForm, value: number | string | Uint8Array | true): void {
  if (kind === 'octets') return putTlvOctets(target, tag, value as Uint8Array);
  putInt2(target, tag);
  if (kind === 'text') {
    const text = value as string;
    putInt2(target, text.length + 1);
    putText(target, text, 257);
  } else if (kind === 'flag') putInt2(target, 0);
  else putTlvInt(target, kind, value as number);
}

function putTlvInt(target: ByteTarget, kind: 'int1' | 'int2' | 'int4', value: number): void {
  putInt2(target, kind === 'int1' ? 1 : kind === 'int2' ? 2 : 4);
  if (kind === 'int1') putInt1(target, value);
  else if (kind === 'int2') putInt2(target, value);
  else putInt4(target, value);
}

function putTlvOctets(target: ByteTarget, tag: number, octets: Uint8Array): void {
  putInt2(target, tag);
  putInt2(target, octets.length);
  putOctets(target, octets);
}

/** At least as many octets as the frame takes. @throws PduError when no frame may be that long */
function roomFor(body: object): number {
  let room = FIXED_ROOM;
  const { tlvs, destinations, failures, shortMessage } = body as {
    tlvs?: Tlvs;
    destinations?: readonly unknown[];
    failures?: readonly unknown[];
    shortMessage?: Uint8Array;
  };
  if (shortMessage !== undefined) room += shortMessage.length;
  room += ((destinations?.length ?? 0) + (failures?.length ?? 0)) * DESTINATION_ROOM;
  if (tlvs !== undefined && tlvs !== NO_TLVS) room += roomForTlvs(tlvs);
  if (room > MAX_FRAME_BYTES + FIXED_ROOM) throw new PduError(STATUSES.RINVCMDLEN, 'The frame is too long');
  return room;
}

function roomForTlvs(tlvs: Tlvs): number {
  let room = 0;
  for (const name in tlvs) {
    const value: unknown = tlvs[name as keyof Tlvs];
    room += 9 + (typeof value === 'string' || value instanceof Uint8Array ? value.length : 0);
  }
  tlvs.other?.forEach((octets) => (room += 4 + octets.length));
  return room;
}
