import type { CarrierConnection, SubmitMessage, SubmitOutcome } from '../../carriers/carrier.ts';
import type { List } from '../../accounts/directory-types.ts';
import type { OutboundMessage } from '../outbound-message.ts';
import type { Settled } from './outcome-stage.ts';

export interface SubmitOptions {
  readonly connection: CarrierConnection;
  readonly list: List;
  readonly messages: readonly OutboundMessage[];
  readonly signal: AbortSignal;
  /** Writes a group of answers; calls come one after another. */
  readonly record: (settled: readonly Settled[], done: boolean) => Promise<void>;
}

/**
 * Hands messages to the carrier and records the answers in groups as they come: whatever arrives while a group is being
 * written waits for the next one. One slow message keeps nobody else's answer back.
 */
export async function submitMessages({ connection, list, messages, signal, record }: SubmitOptions): Promise<void> {
  const answered = new Set<number>();
  let waiting: Settled[] = [];
  let recording: Promise<void> = Promise.resolve();
  let scheduled = false;

  function settle(index: number, outcome: SubmitOutcome): void {
    const message = messages[index];
    if (message === undefined || answered.has(index)) return;
    answered.add(index);
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
    await connection.submit(
      messages.map((message) => toSubmitMessage(message, list)),
      settle,
      signal,
    );
  } finally {
    // A connector must answer for every message; for one that broke this, nobody knows.
    for (const index of messages.keys()) settle(index, { kind: 'in_doubt', code: null });
    flush();
    await recording;
  }
}

export function toSubmitMessage(message: OutboundMessage, list: List): SubmitMessage {
  return {
    id: message.id,
    from: list.number,
    to: message.to,
    body: message.body,
    encoding: message.encoding,
    segments: message.segments,
    lane: message.category,
    validityMinutes: list.settings.validityMinutes,
  };
}
