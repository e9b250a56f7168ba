import type { IdCodec } from '../lib/public-id.ts';

const V1_PREFIX = 'msg_';
const SANDBOX_PREFIX = 'sandbox_';

/** What a public id of a message names. */
export interface MessageName {
  readonly number: number;
  readonly simulated: boolean;
}

/** Reads 8 characters, with `sandbox_` before them for a sandbox message, with `msg_` before all; else undefined. */
export function parseMessageId(codec: Pick<IdCodec, 'decode'>, id: string): MessageName | undefined {
  const bare = id.startsWith(V1_PREFIX) ? id.slice(V1_PREFIX.length) : id;
  const simulated = bare.startsWith(SANDBOX_PREFIX);
  const number = codec.decode(simulated ? bare.slice(SANDBOX_PREFIX.length) : bare);
  return number === undefined ? undefined : { number, simulated };
}

export function toMessageId(codec: Pick<IdCodec, 'encode'>, number: number, simulated: boolean): string {
  return simulated ? SANDBOX_PREFIX + codec.encode(number) : codec.encode(number);
}

/** The id of the same message in version 1 of the API. */
export function toV1MessageId(id: string): string {
  return V1_PREFIX + id;
}
