import { setTimeout as sleep } from 'node:timers/promises';
import { readLedger, readStates, type Ledger } from './message-judge.ts';
import { until } from './until.ts';

export interface SendLoadOptions {
  readonly key: string;
  readonly random: () => number;
  /** Senders at once. Default 6. */
  readonly senders?: number;
  /** Last four digits of the recipients; default: ordinary ones and the simulator's special cases. */
  readonly digits?: readonly string[];
  /** Sending numbers; default: the demo list's. */
  readonly listNumbers?: readonly string[];
}

/** Senders that note every id that was promised with 201, while the server may go away at any moment. */
export interface SendLoad {
  start(url: string): void;
  /** Resolves when no request is under way. */
  stop(): Promise<void>;
  /** How many ids were promised so far. */
  accepted(): number;
  ids(): readonly string[];
  /** How many messages were in requests without an Idempotency-Key that were answered with a 503. */
  refused(): number;
  /** Repeats the requests with an Idempotency-Key whose answers were cut off, until they are answered. */
  finishCut(url: string): Promise<void>;
  /** The state of every id, once `isResting` holds for it. A 404 fails. */
  readStates(url: string, isResting: (state: string) => boolean): Promise<Map<string, string>>;
  readLedger(url: string): Promise<Ledger>;
}

interface Request {
  readonly path: string;
  readonly body: unknown;
  readonly idempotencyKey: string | null;
}

const AFTER_REFUSAL_MS = 50;
const LIST_NUMBERS = ['+18005551000'];
const DIGITS = ['0142', '0143', '0150', '0155', '0159', '0160', '0161', '0164', '0999'];

function countMessages({ body }: Request): number {
  return (body as { messages?: unknown[] }).messages?.length ?? 1;
}

export function createSendLoad(options: SendLoadOptions): SendLoad {
  const { key, random, senders = 6, digits = DIGITS, listNumbers = LIST_NUMBERS } = options;
  const ids: string[] = [];
  const cut: Request[] = [];
  let counter = 0;
  let refused = 0;
  let running: Promise<unknown> = Promise.resolve();
  const load = { stopped: false };

  function newMessage(): object {
    counter++;
    const ending = digits[Math.floor(random() * digits.length)] ?? '0142';
    return {
      to: `+1312${String(555 + (counter % 300)).padStart(3, '0')}${ending}`,
      list_number: listNumbers[counter % listNumbers.length],
      body: `No. ${counter}`,
    };
  }

  function newRequest(): Request {
    const isBulk = random() < 0.4;
    const messages = Array.from({ length: 1 + Math.floor(random() * 60) }, newMessage);
    return {
      path: isBulk ? '/api/v2/send/bulk' : '/api/v2/send',
      body: isBulk ? { messages } : messages[0],
      idempotencyKey: random() < 0.4 ? `request-${counter}` : null,
    };
  }

  /** True when the request was answered with 201. */
  async function post(url: string, request: Request): Promise<boolean> {
    const headers = { 'X-Api-Key': key, 'Content-Type': 'application/json' };
    const answer = await fetch(url + request.path, {
      method: 'POST',
      headers: request.idempotencyKey === null ? headers : { ...headers, 'Idempotency-Key': request.idempotencyKey },
      body: JSON.stringify(request.body),
    });
    const json = (await answer.json()) as { message_id?: string; message_ids?: string[]; code?: string };
    if (answer.status === 201) ids.push(...(json.message_ids ?? [json.message_id ?? '']));
    if (answer.status === 503 && request.idempotencyKey === null) refused += countMessages(request);
    if (answer.status !== 201 && answer.status !== 503 && answer.status !== 409)
      throw new Error(`${answer.status} ${json.code ?? ''}`);
    return answer.status === 201;
  }

  async function send(url: string): Promise<void> {
    while (!load.stopped) {
      const request = newRequest();
      const answered = await post(url, request).catch((error: unknown) => {
        // Undici's TypeError: the connection is gone or was never made. Anything else is an answer, and a failure.
        if (!(error instanceof TypeError)) throw error;
        load.stopped = true;
        return false;
      });
      if (answered) continue;
      if (request.idempotencyKey !== null) cut.push(request);
      await sleep(AFTER_REFUSAL_MS);
    }
  }

  return {
    start(url) {
      load.stopped = false;
      running = Promise.all(Array.from({ length: senders }, () => send(url)));
      // The test meets a failure when it stops the load.
      running.catch(() => {});
    },
    async stop() {
      load.stopped = true;
      await running;
    },
    accepted: () => ids.length,
    ids: () => ids,
    refused: () => refused,
    async finishCut(url) {
      for (const request of cut.splice(0)) await until('the repeat is answered', () => post(url, request));
    },
    readStates: (url, isResting) => readStates({ url, key }, ids, isResting),
    readLedger,
  };
}
