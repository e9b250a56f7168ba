/** command_length counts itself: a frame is 16 octets (the header) at least. */
export const HEADER_BYTES = 16;
/** The longest frame that is taken: a message_payload of almost 64 KiB. */
export const MAX_FRAME_BYTES = 65_536;
/** Sequence numbers go from 1 to this one (SMPP 3.4 §3.2) and then begin again. */
export const MAX_SEQUENCE = 0x7fffffff;
