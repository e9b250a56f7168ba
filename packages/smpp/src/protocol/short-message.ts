import { putInt1, putOctets, putText, type ByteTarget } from './frame-writer.ts';
import type { ShortMessageInput } from './pdu.ts';
import { PduError } from './pdu-error.ts';
import { STATUSES } from './statuses.ts';

/**
 * The mandatory fields of submit_sm and deliver_sm, by hand because nearly all traffic is these two; a test compares it
 * with the table.
 */
export function putShortMessage(target: ByteTarget, message: ShortMessageInput): void {
  putText(target, message.serviceType ?? '', 6);
  putInt1(target, message.sourceTon ?? 0);
  putInt1(target, message.sourceNpi ?? 0);
  putText(target, message.source ?? '', 21);
  putInt1(target, message.destinationTon ?? 0);
  putInt1(target, message.destinationNpi ?? 0);
  putText(target, message.destination ?? '', 21);
  putInt1(target, message.esmClass ?? 0);
  putInt1(target, message.protocolId ?? 0);
  putInt1(target, message.priorityFlag ?? 0);
  putText(target, message.scheduleDeliveryTime ?? '', 17);
  putText(target, message.validityPeriod ?? '', 17);
  putInt1(target, message.registeredDelivery ?? 0);
  putInt1(target, message.replaceIfPresent ?? 0);
  putInt1(target, message.dataCoding ?? 0);
  putInt1(target, message.smDefaultMsgId ?? 0);
  const octets = message.shortMessage;
  if (octets === undefined) return putInt1(target, 0);
  if (octets.length > 254) {
    throw new PduError(STATUSES.RINVMSGLEN, `short_message has ${octets.length} octets, more than 254`);
  }
  putInt1(target, octets.length);
  putOctets(target, octets);
}
