import { Type } from 'typebox';

export const messageParams = Type.Object({
  id: Type.String({ description: 'Id of a message, with or without msg_.', examples: ['k3Vd81Qz'] }),
});

export const listParams = Type.Object({
  list_id: Type.String({ description: 'Id of a list: an integer, or pn_ and 16 characters.', examples: ['1'] }),
});
