// Sends one message, waits until it is delivered and prints its life.
import { setTimeout as sleep } from 'node:timers/promises';
import { createTracklyClient, type GetMessageResult, type TracklyClient, TracklyError } from '@trackly/client';

const { TRACKLY_URL, TRACKLY_API_KEY, TRACKLY_TO = '+13125550142', TRACKLY_LIST = '+18005551000' } = process.env;
const TIMEOUT_MS = 30_000;
const FINAL = new Set<string>(['delivered', 'undelivered', 'failed', 'dropped', 'cancelled', 'orphaned', 'unknown']);

try {
  process.exitCode = await main();
} catch (error) {
  console.error(error instanceof TracklyError ? `${error.message} (${error.code}, request ${error.requestId})` : error);
  process.exitCode = 1;
}

async function main(): Promise<number> {
  if (TRACKLY_URL === undefined || TRACKLY_API_KEY === undefined) {
    console.error('Set TRACKLY_URL, such as http://127.0.0.1:8080, and TRACKLY_API_KEY');
    return 1;
  }
  const trackly = createTracklyClient({ baseUrl: TRACKLY_URL, apiKey: TRACKLY_API_KEY });
  const { message_id } = await trackly.sendMessage({
    to: TRACKLY_TO,
    list_number: TRACKLY_LIST,
    body: 'Hello from TypeScript!',
  });
  console.log(`Accepted: ${message_id}`);
  const message = await waitUntilFinal(trackly, message_id);
  for (const { at, state, detail } of message.events) console.log(at, state, detail ?? '');
  if (message.state === 'delivered') return 0;
  console.error(`The message is ${message.state}: ${message.status_detail}`);
  return 1;
}

async function waitUntilFinal(trackly: TracklyClient, id: string): Promise<GetMessageResult> {
  const deadlineMs = Date.now() + TIMEOUT_MS;
  for (;;) {
    const message = await trackly.getMessage(id);
    if (FINAL.has(message.state) || Date.now() > deadlineMs) return message;
    await sleep(500);
  }
}
