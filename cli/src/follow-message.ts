import { setTimeout as sleep } from 'node:timers/promises';
import type { MessageSource, MessageView } from './message-source.ts';

const POLL_MS = 250;
const FINAL = new Set(['delivered', 'undelivered', 'failed', 'dropped', 'cancelled', 'orphaned', 'unknown']);

export function isFinal(state: string): boolean {
  return FINAL.has(state);
}

/** Reads one message until its state is final or `timeoutMs` are over; `onChange` hears of each state. */
export async function followMessage(
  source: Pick<MessageSource, 'get'>,
  id: string,
  options: { readonly timeoutMs: number; readonly onChange: (message: MessageView) => void },
): Promise<MessageView> {
  const deadlineMs = performance.now() + options.timeoutMs;
  let state: string | undefined;
  for (;;) {
    const message = await source.get(id);
    if (message.state !== state) options.onChange(message);
    state = message.state;
    if (isFinal(state) || performance.now() > deadlineMs) return message;
    await sleep(POLL_MS);
  }
}
