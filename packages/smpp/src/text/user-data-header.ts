/** esm_class: a user data header is in front of the text (SMPP 3.4 §5.2.12). */
export const UDH_INDICATOR = 0x40;

const CONCATENATED_8 = 0x00;
const CONCATENATED_16 = 0x08;

/** Which part of which long message this is. */
export interface PartPlace {
  readonly reference: number;
  /** Parts in all, 1 to 255. */
  readonly total: number;
  /** 1 to `total`. */
  readonly number: number;
}

/** The header of one part (3GPP TS 23.040 §9.2.3.24.1 and .8). @param bits width of the reference */
export function toHeader({ reference, total, number }: PartPlace, bits: 8 | 16): Uint8Array {
  if (bits === 8) return Uint8Array.of(5, CONCATENATED_8, 3, reference & 0xff, total, number);
  return Uint8Array.of(6, CONCATENATED_16, 4, (reference >> 8) & 0xff, reference & 0xff, total, number);
}

export interface UserData {
  /** Octets of the header, its length octet included. */
  readonly headerBytes: number;
  /** undefined: a whole message, or a place that cannot be. */
  readonly place: PartPlace | undefined;
}

/** Reads a header; one that does not fit the octets is taken as none. */
export function readHeader(octets: Uint8Array): UserData {
  const headerBytes = (octets[0] ?? 0) + 1;
  if (octets.length === 0 || headerBytes > octets.length) return { headerBytes: 0, place: undefined };
  let place: PartPlace | undefined;
  for (let at = 1; at + 1 < headerBytes; at += 2 + (octets[at + 1] as number)) {
    const length = octets[at + 1] as number;
    if (at + 2 + length > headerBytes) break;
    place = toPlace(octets[at] as number, octets.subarray(at + 2, at + 2 + length)) ?? place;
  }
  return { headerBytes, place };
}

function toPlace(element: number, data: Uint8Array): PartPlace | undefined {
  if (element === CONCATENATED_8 && data.length === 3) return checked(data[0], data[1], data[2]);
  if (element !== CONCATENATED_16 || data.length !== 4) return undefined;
  return checked(((data[0] as number) << 8) | (data[1] as number), data[2], data[3]);
}

/** undefined when the place cannot be. */
export function checked(reference = 0, total = 0, number = 0): PartPlace | undefined {
  return number >= 1 && number <= total && total <= 255 ? { reference, total, number } : undefined;
}
