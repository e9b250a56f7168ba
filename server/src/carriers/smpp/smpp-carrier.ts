import type { Clock } from '../../lib/clock.ts';
import type { Credentials } from '../../lib/credentials.ts';
import type { CallbackContent, Carrier, CarrierList } from '../carrier.ts';
import type { SmppSessions } from './bind-watch.ts';
import { SMPP_CREDENTIALS, toAccessKey } from './settings.ts';
import { SmppConnection } from './smpp-connection.ts';

/** What came in over the sessions of one list. */
export interface SmppArrival {
  readonly list: CarrierList;
  readonly content: CallbackContent;
  /** Whether a list with these credentials is the same account at the same SMSC: the content may be meant for it. */
  readonly isSameAccount: (credentials: Credentials) => boolean;
}

export interface SmppCarrierDeps {
  readonly clock: Clock;
  /** Stores it; durable when it resolves. Only then the SMSC is told that we have it. */
  readonly onArrived: (arrival: SmppArrival) => Promise<void>;
  /** Sessions of a list came or went. */
  readonly onSessions?: (listId: number, sessions: SmppSessions) => void;
  /** How long messages wait for a session when there is none. Default 5,000. */
  readonly graceMs?: number;
}

/** SMPP 3.4 to any SMSC, over sessions that stay open: receipts and texts come in over them. */
export function createSmppCarrier({ clock, onArrived, onSessions, graceMs }: SmppCarrierDeps): Carrier {
  return {
    type: 'smpp',
    deduplicatesOwnId: false,
    credentials: SMPP_CREDENTIALS,
    callbacks: null,
    keepsOpen: true,
    connect(list) {
      const key = toAccessKey(list.credentials);
      const isSameAccount = (credentials: Credentials): boolean => toAccessKey(credentials) === key;
      const take = (content: CallbackContent): Promise<void> => onArrived({ list, content, isSameAccount });
      const tell = (sessions: SmppSessions): void => onSessions?.(list.id, sessions);
      return new SmppConnection({ clock, onArrived: take, onSessions: tell, graceMs }, list);
    },
  };
}
