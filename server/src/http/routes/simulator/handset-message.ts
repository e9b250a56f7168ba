import type { SimulatorCarrier } from '../../../carriers/simulator/simulator-carrier.ts';
import { toSimulatedId } from '../../../carriers/simulator/receipts.ts';
import type { SimulatedMessage } from '../../../carriers/simulator/simulator-store.ts';

/** A message as the handset shows it. */
export function toHandsetMessage(message: SimulatedMessage): Record<string, unknown> {
  return {
    id: toSimulatedId(message.seq),
    message_id: message.messageId === '' ? null : message.messageId,
    direction: message.direction,
    from: message.from,
    to: message.to,
    body: message.body,
    parts: message.parts,
    encoding: message.encoding,
    media_url: null,
    at: new Date(message.firstAtMs).toISOString(),
  };
}

/** The same with what the carrier knows of its delivery; nothing is added to texts that the person wrote. */
export function withStatus(simulator: SimulatorCarrier, message: SimulatedMessage): Record<string, unknown> {
  const shown = toHandsetMessage(message);
  if (message.direction !== 'in') return shown;
  const { state, detail } = simulator.reportOf(message);
  return { ...shown, status: state, status_detail: detail };
}

/** The handset that a message lies on. */
export function handsetOf(message: SimulatedMessage): string {
  return message.direction === 'out' ? message.from : message.to;
}
