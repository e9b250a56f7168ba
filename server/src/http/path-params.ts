import { Type } from 'typebox';

export const messageParams = Type.Object({
  id: Type.String({ description: 'Id of a message, with or without msg_.', examples: ['k3Vd81Qz'] }),
});

export const webhookParams = Type.Object({
  id: Type.String({ description: 'Id of a webhook.', examples: ['6926a0009c4de20011aa0701'] }),
});

export const deliveryParams = Type.Object({
  ...webhookParams.properties,
  delivery_id: Type.String({ description: 'Id of a delivery.', examples: ['019a46d3c1f29c4de20011aa'] }),
});

export const listParams = Type.Object({
  list_id: Type.String({ description: 'Id of a list: an integer, or pn_ and 16 characters.', examples: ['1'] }),
});

export const contactParams = Type.Object({
  phone_number: Type.String({ description: 'E.164, percent-encoded', examples: ['+13125550142'] }),
});

/** One id of 24 hexadecimal characters. */
export function idParams(what: string) {
  return Type.Object({ id: Type.String({ description: `Id of a ${what}`, examples: ['6924d0019c4de20011aa6001'] }) });
}
