import type { Command } from '../protocol/commands.ts';
import type { BodyInput } from '../protocol/pdu.ts';

/** Any answer's fields; those that the answer in question does not have are not sent. */
export type ResponseFields = BodyInput<'submit_sm_resp'> &
  BodyInput<'query_sm_resp'> &
  BodyInput<'submit_multi_resp'> &
  BodyInput<'bind_transceiver_resp'>;

/** How a request of the peer is answered: status 0 when left out, and the fields of the answer. */
export interface RequestAnswer extends ResponseFields {
  readonly status?: number;
  /** True: send no answer at all. For peers that are meant to misbehave. */
  readonly silent?: boolean;
}

/** Requests that have no answer (SMPP 3.4 §4.1.7, §4.12.1). */
export function hasResponse(command: Command): boolean {
  return command !== 'outbind' && command !== 'alert_notification';
}
