import { Type } from 'typebox';
import { bodyKind, metadataKind } from './send-fields.ts';

const ROW = {
  to_msisdn: Type.Optional(Type.String({ description: 'Recipient; 10 or 11 digits are read as a US number.' })),
  to: Type.Optional(Type.String({ description: 'Read when to_msisdn is absent.' })),
  body: Type.String({ ...bodyKind.schema, description: 'Text, 1 to 1,600 UTF-16 units.' }),
};

/** A row of `POST /api/v1/messages/bulk`. */
export const v1RowSchema = Type.Object(ROW);

/** `POST /api/v1/messages` without the sender. */
export const v1MessageSchema = Type.Object({ ...ROW, metadata: Type.Optional(metadataKind.schema) });
