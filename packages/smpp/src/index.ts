export { SmppClient } from './client/client.ts';
export type {
  BindMode,
  BindState,
  ClientOptions,
  LateAnswer,
  OutgoingMessage,
  PartOutcome,
  SettleMessage,
} from './client/client-options.ts';
export { SmppServer } from './server/server.ts';
export type { BindRequest, ServerOptions } from './server/server-options.ts';
export { ServerSession } from './server/server-session.ts';
export { Session } from './session/session.ts';
export type { ResponseFields, RequestAnswer } from './session/answers.ts';
export type { CloseReason, SessionOptions, SessionOwner } from './session/session-options.ts';
export type { AnswerListener, NoAnswer } from './session/request-window.ts';
export { COMMAND_IDS, commandOf, type Command } from './protocol/commands.ts';
export { STATUSES, statusName, type StatusName } from './protocol/statuses.ts';
export { TLVS, type TlvName, type Tlvs } from './protocol/tlvs.ts';
export { BODIES, type Destination, type FailedDestination } from './protocol/bodies.ts';
export type {
  Body,
  BodyInput,
  Pdu,
  PduOf,
  Request,
  RequestCommand,
  Response,
  ResponseCommand,
  ResponseTo,
  ShortMessage,
  ShortMessageInput,
} from './protocol/pdu.ts';
export { PduError } from './protocol/pdu-error.ts';
export { decodePdu } from './protocol/decode-pdu.ts';
export { encodePdu } from './protocol/encode-pdu.ts';
export { FrameReader, type BadLength, type FrameListener } from './protocol/frame-reader.ts';
export { HEADER_BYTES, MAX_FRAME_BYTES } from './protocol/limits.ts';
export { alphabetOf, DATA_CODINGS, decodeText, type Alphabet, type DecodeOptions } from './text/alphabets.ts';
export { fillBitsAfter, fromSeptets, pack, toSeptets, unpack } from './text/gsm7.ts';
export { splitText, type LongMessages, type SplitOptions, type TextPart } from './text/split-text.ts';
export { toSubmit, type SubmitFields } from './text/to-submit.ts';
export { readHeader, toHeader, UDH_INDICATOR, type PartPlace, type UserData } from './text/user-data-header.ts';
export { readText, textOctets, type ReceivedText } from './text/read-text.ts';
export { TextJoiner, type JoinedText, type JoinerOptions } from './text/text-joiner.ts';
export {
  isReceipt,
  MESSAGE_STATES,
  messageStateOf,
  readReceipt,
  toReceipt,
  type MessageState,
  type Receipt,
  type ReceiptInput,
} from './text/receipt.ts';
export { messageIdSpellings, normalMessageId } from './text/message-ids.ts';
export { toAddress, toRelativeTime, type Address } from './text/addresses.ts';
export { HostileSmsc, type HostileSmscOptions, type TakenPart } from './hostile/hostile-smsc.ts';
export {
  BEHAVIOURS,
  behaviourOf,
  type Behaviour,
  type HostileAnswer,
  type HostileReceipt,
} from './hostile/behaviours.ts';
