import type { BODIES, Destination, FailedDestination, FieldForm } from './bodies.ts';
import type { Command } from './commands.ts';
import type { Tlvs } from './tlvs.ts';

interface FieldValues {
  int1: number;
  /** Latin-1, without the ending NUL. */
  text: string;
  octets: Uint8Array;
  destinations: readonly Destination[];
  failures: readonly FailedDestination[];
}

type Fields<Form> = {
  readonly [Name in keyof Form]: Form[Name] extends FieldForm ? FieldValues[Form[Name]['kind']] : never;
};

/** Everything after the header of a PDU: its mandatory fields by name, and `tlvs`. */
export type Body<Name extends Command> = Fields<(typeof BODIES)[Name]> & { readonly tlvs: Tlvs };

/** What may be left out when writing: empty texts, zeros and no optional parameters are the defaults. */
export type BodyInput<Name extends Command> = Partial<Body<Name>>;

/** One PDU as it was read; `command` tells which fields there are. */
export type PduOf<Name extends Command> = {
  readonly [One in Name]: Body<One> & { readonly command: One; readonly status: number; readonly sequence: number };
}[Name];

export type Pdu = PduOf<Command>;

export type ResponseCommand = Extract<Command, `${string}_resp` | 'generic_nack'>;
export type RequestCommand = Exclude<Command, ResponseCommand>;
export type Request = PduOf<RequestCommand>;
export type Response = PduOf<ResponseCommand>;

/** The answer that belongs to a request. */
export type ResponseTo<Name extends RequestCommand> = `${Name}_resp` extends Command ? `${Name}_resp` : never;

/** Fields of submit_sm, and of deliver_sm. */
export type ShortMessage = Body<'submit_sm'>;
export type ShortMessageInput = BodyInput<'submit_sm'>;
