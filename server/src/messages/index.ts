export { cancelMessage } from './cancel-message.ts';
export { checkBooks, type ListBooks, type Miscount } from './check-books.ts';
export { createMessageEvents, type MessageEvents, NO_MESSAGE_EVENTS } from './message-events.ts';
export { getMessage } from './get-message.ts';
export { listMessages } from './list-messages.ts';
export { parseMessageId } from './message-id.ts';
export { messageQueryFields, type RawMessageQuery } from './message-query.ts';
export type { MessageReaderDeps } from './message-reader.ts';
export {
  cancelledMessageSchema,
  type CancelledMessage,
  messagePageSchema,
  type MessagePage,
  messageSchema,
  type MessageView,
} from './message-view-schemas.ts';
export { sendBulkBytes, type SendBytesDeps, sendMessageBytes } from './send-bytes.ts';
export { MAX_BULK_MESSAGES, rawSendFields, sendFields } from './send-fields.ts';
export {
  acceptItems,
  sendBulk,
  sendMessage,
  type SendDeps,
  type SendInput,
  type SentBulk,
  type SentMessage,
  validateOneSend,
} from './send-messages.ts';
export { sendV1Bulk, sendV1Message, type V1SendInput } from './send-v1-messages.ts';
export { findListError } from './validate-send.ts';
export { v1MessageSchema, v1RowSchema } from './v1-send-schemas.ts';
