import type { Command } from './commands.ts';

/** How a mandatory field travels. `max` counts octets, the ending NUL included (SMPP 3.4 §3.1, §5.2). */
export type FieldForm =
  | { readonly kind: 'int1' }
  | { readonly kind: 'text'; readonly max: number }
  /** One octet of length, then the octets. */
  | { readonly kind: 'octets' }
  /** One octet of count, then addresses or names of distribution lists. */
  | { readonly kind: 'destinations' }
  /** One octet of count, then addresses with their status. */
  | { readonly kind: 'failures' };

/** Where a submit_multi goes. */
export type Destination =
  | { readonly ton: number; readonly npi: number; readonly address: string }
  | { readonly list: string };

/** A recipient that a submit_multi_resp refuses. */
export interface FailedDestination {
  readonly ton: number;
  readonly npi: number;
  readonly address: string;
  readonly status: number;
}

const INT1 = { kind: 'int1' } as const;
const OCTETS = { kind: 'octets' } as const;

function text<Max extends number>(max: Max): { readonly kind: 'text'; readonly max: Max } {
  return { kind: 'text', max };
}

const BIND = {
  systemId: text(16),
  password: text(9),
  systemType: text(13),
  interfaceVersion: INT1,
  addrTon: INT1,
  addrNpi: INT1,
  addressRange: text(41),
} as const;

const BIND_RESP = { systemId: text(16) } as const;

const SOURCE = { sourceTon: INT1, sourceNpi: INT1, source: text(21) } as const;
const DESTINATION = { destinationTon: INT1, destinationNpi: INT1, destination: text(21) } as const;

const AFTER_ADDRESSES = {
  esmClass: INT1,
  protocolId: INT1,
  priorityFlag: INT1,
  scheduleDeliveryTime: text(17),
  validityPeriod: text(17),
  registeredDelivery: INT1,
  replaceIfPresent: INT1,
  dataCoding: INT1,
  smDefaultMsgId: INT1,
  shortMessage: OCTETS,
} as const;

const SHORT_MESSAGE = { serviceType: text(6), ...SOURCE, ...DESTINATION, ...AFTER_ADDRESSES } as const;
const MESSAGE_ID = { messageId: text(65) } as const;
const NOTHING = {} as const;

/** The mandatory fields of each PDU in the order of the wire (SMPP 3.4 §4). */
export const BODIES = {
  generic_nack: NOTHING,
  bind_receiver: BIND,
  bind_receiver_resp: BIND_RESP,
  bind_transmitter: BIND,
  bind_transmitter_resp: BIND_RESP,
  bind_transceiver: BIND,
  bind_transceiver_resp: BIND_RESP,
  outbind: { systemId: text(16), password: text(9) },
  unbind: NOTHING,
  unbind_resp: NOTHING,
  enquire_link: NOTHING,
  enquire_link_resp: NOTHING,
  submit_sm: SHORT_MESSAGE,
  submit_sm_resp: MESSAGE_ID,
  submit_multi: { serviceType: text(6), ...SOURCE, destinations: { kind: 'destinations' }, ...AFTER_ADDRESSES },
  submit_multi_resp: { ...MESSAGE_ID, failures: { kind: 'failures' } },
  deliver_sm: SHORT_MESSAGE,
  deliver_sm_resp: MESSAGE_ID,
  data_sm: {
    serviceType: text(6),
    sourceTon: INT1,
    sourceNpi: INT1,
    source: text(65),
    destinationTon: INT1,
    destinationNpi: INT1,
    destination: text(65),
    esmClass: INT1,
    registeredDelivery: INT1,
    dataCoding: INT1,
  },
  data_sm_resp: MESSAGE_ID,
  query_sm: { ...MESSAGE_ID, ...SOURCE },
  query_sm_resp: { ...MESSAGE_ID, finalDate: text(17), messageState: INT1, errorCode: INT1 },
  cancel_sm: { serviceType: text(6), ...MESSAGE_ID, ...SOURCE, ...DESTINATION },
  cancel_sm_resp: NOTHING,
  replace_sm: {
    ...MESSAGE_ID,
    ...SOURCE,
    scheduleDeliveryTime: text(17),
    validityPeriod: text(17),
    registeredDelivery: INT1,
    smDefaultMsgId: INT1,
    shortMessage: OCTETS,
  },
  replace_sm_resp: NOTHING,
  alert_notification: {
    sourceTon: INT1,
    sourceNpi: INT1,
    source: text(65),
    esmeTon: INT1,
    esmeNpi: INT1,
    esme: text(65),
  },
} as const satisfies Record<Command, Readonly<Record<string, FieldForm>>>;
