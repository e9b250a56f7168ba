import { WITHDRAWN, type CarrierConnection, type SubmitMessage, type SubmitOutcome } from '../../carriers/carrier.ts';
import type { List } from '../../accounts/directory-types.ts';
import type { OutboundMessage } from '../outbound-message.ts';
import type { Settled } from './outcome-stage.ts';

export interface SubmitOptions {
  /** Asked at the hand-over: by then the mark may not be ours any more. */
  readonly connection: () => CarrierConnection;
  readonly list: List;
  readonly messages: readonly OutboundMessage[];
  readonly signal: AbortSignal;
  /** Asked just before the hand-over: messages that must not go any more. Never rejects. */
  readonly findStopped: (messages: readonly OutboundMessage[]) => Promise<ReadonlySet<OutboundMessage>>;
  /** Whether this process is recording, or has recorded, an opt-out of the recipient since the gate. */
  readonly isWithdrawn: (message: OutboundMessage) => boolean;
  /** Writes a group of answers; calls come one after another. */
  readonly record: (settled: readonly Settled[], done: boolean) => Promise<void>;
}

/**
 * Hands messages to the carrier and records the answers in groups as they come: whatever arrives while a group is being
 * written waits for the next one. One slow message keeps nobody else's answer back.
 */
export async function submitMessages(options: SubmitOptions): Promise<void> {
  const { connection, list, messages, signal, findStopped, isWithdrawn, record } = options;
  const answered = new Set<OutboundMessage>();
  let waiting: Settled[] = [];
  let recording: Promise<void> = Promise.resolve();
  let scheduled = false;

  function settle(message: OutboundMessage | undefined, outcome: SubmitOutcome): void {
    if (message === undefined || answered.has(message)) return;
    answered.add(message);
    waiting.push({ message, outcome });
    if (!scheduled) {
      scheduled = true;
      setImmediate(flush);
    }
  }

  function flush(): void {
    recording = recording.then(recordWaiting);
  }

  async function recordWaiting(): Promise<void> {
    scheduled = false;
    const group = waiting;
    waiting = [];
    if (group.length > 0) await record(group, answered.size === messages.length && waiting.length === 0);
  }

  try {
    const stopped = await findStopped(messages);
    const going = messages.filter((message) => !stopped.has(message) && !isWithdrawn(message));
    if (going.length < messages.length) {
      const starting = new Set(going);
      for (const message of messages) if (!starting.has(message)) settle(message, WITHDRAWN);
    }
    if (going.length > 0) {
      const handedOver = going.map((message) => toSubmitMessage(message, list, isWithdrawn));
      await connection().submit(handedOver, (index, outcome) => settle(going[index], outcome), signal);
    }
  } finally {
    // A connector must answer for every message; for one that broke this, nobody knows.
    for (const message of messages) settle(message, { kind: 'in_doubt', code: null });
    flush();
    await recording;
  }
}

export function toSubmitMessage(
  message: OutboundMessage,
  list: List,
  isWithdrawn: SubmitOptions['isWithdrawn'] = () => false,
): SubmitMessage {
  return {
    id: message.id,
    from: list.number,
    to: message.to,
    body: message.body,
    encoding: message.encoding,
    segments: message.segments,
    lane: message.category,
    validityMinutes: list.settings.validityMinutes,
    isWithdrawn: () => isWithdrawn(message),
  };
}
