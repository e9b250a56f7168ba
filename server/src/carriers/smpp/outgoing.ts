import { type OutgoingMessage, splitText, type SubmitFields, toAddress, toRelativeTime, toSubmit } from '@trackly/smpp';
import type { SubmitMessage } from '../carrier.ts';
import type { SmppSettings } from './settings.ts';

/**
 * A message as the parts it is submitted in. A text that the alphabet of the SMSC does not have goes as UCS-2.
 * @param reference of a long message: another for each
 * @returns undefined when it has more parts than a message can have
 */
export function toOutgoing(
  message: SubmitMessage,
  settings: SmppSettings,
  reference: number,
): OutgoingMessage | undefined {
  const { longMessages, alphabet, dataCoding } = settings;
  const unicode = { reference, longMessages, alphabet: 'ucs2' } as const;
  const plain = message.encoding === 'UCS-2' ? unicode : { reference, longMessages, alphabet, dataCoding };
  const parts = splitText(message.body, plain) ?? splitText(message.body, unicode);
  if (parts === undefined) return undefined;
  const fields = toFields(message, settings);
  return {
    tag: message.id,
    parts: parts.map((part) => toSubmit(fields, part)),
    isWithdrawn: message.isWithdrawn,
  };
}

function toFields({ from, to, lane, validityMinutes }: SubmitMessage, settings: SmppSettings): SubmitFields {
  const source = toAddress(from, { keepPlus: settings.numberPlus });
  const destination = toAddress(to, { keepPlus: settings.numberPlus });
  return {
    sourceTon: settings.sourceTon ?? source.ton,
    sourceNpi: settings.sourceNpi ?? source.npi,
    source: source.address,
    destinationTon: settings.destinationTon ?? destination.ton,
    destinationNpi: settings.destinationNpi ?? destination.npi,
    destination: destination.address,
    priorityFlag: lane === 'transactional' ? 1 : 0,
    validityPeriod: toRelativeTime(validityMinutes),
    registeredDelivery: 1,
  };
}
