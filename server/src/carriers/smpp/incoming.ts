import { randomUUID } from 'node:crypto';
import { isReceipt, type PduOf, readReceipt, readText } from '@trackly/smpp';
import { normaliseCarrierNumber } from '../../lib/e164.ts';
import type { CallbackContent } from '../carrier.ts';
import { toTold } from './codes.ts';
import type { SmppSettings } from './settings.ts';

type Delivered = PduOf<'deliver_sm' | 'data_sm'>;

const NOTHING: CallbackContent = { reports: [], inbound: [] };
/** Intermediate notification, SMPP 3.4 §5.2.12. */
const INTERMEDIATE = 0x20;

/** What a deliver_sm or data_sm says: a receipt, a text or a part of one. What is of no interest is nothing. */
export function readDelivered(message: Delivered, settings: SmppSettings, nowMs: number): CallbackContent {
  return isReceipt(message) ? readReport(message, settings) : readInbound(message, settings, nowMs);
}

function readReport(message: Delivered, { receiptErrors }: SmppSettings): CallbackContent {
  const receipt = readReceipt(message);
  if (receipt?.messageId === undefined) return NOTHING;
  const { messageId: carrierId, error, doneAtMs, text } = receipt;
  const isIntermediate = (message.esmClass & 0x3c) === INTERMEDIATE;
  const told = toTold(isIntermediate ? 'ENROUTE' : (receipt.state ?? 'UNKNOWN'), error, receiptErrors);
  const report = { messageId: null, carrierId, part: null, ...told, code: error ?? null, atMs: doneAtMs ?? null };
  const about = { to: normaliseCarrierNumber(message.source), textStart: text ?? '' };
  return { reports: [{ ...report, about, ownNumber: message.destination }], inbound: [] };
}

/** SMSCs give texts no id. One that is delivered again counts again: to take two for one could lose an opt-out. */
function readInbound(message: Delivered, { alphabet }: SmppSettings, nowMs: number): CallbackContent {
  const { text, place, placedBy } = readText(message, alphabet);
  const { source: from, destination: to } = message;
  const whole = { id: randomUUID(), from, to, text, atMs: nowMs };
  if (place === undefined || place.total === 1) return { reports: [], inbound: [whole] };
  const { reference, total, number } = place;
  return { reports: [], inbound: [{ ...whole, part: { key: `${placedBy} ${reference}`, total, number } }] };
}
