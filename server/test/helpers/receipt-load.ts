import { callApi, idsOf } from './api-call.ts';
import { readStates } from './message-judge.ts';

const LIST_NUMBER = '+18005551000';
/** The simulated carrier takes messages to such a number and says no more about them. */
const SILENT = '0159';

/** Receipts that the test itself tells the server, and notes when they were answered with 200. */
export interface ReceiptLoad {
  /** Messages that wait for the receipts of one round. */
  prepare(url: string, count: number): Promise<void>;
  start(url: string): void;
  /** Resolves when no request is under way. */
  stop(): Promise<void>;
  /** Messages whose receipt the server has taken. */
  told(): readonly string[];
  /** All messages of all rounds. */
  ids(): readonly string[];
}

export function createReceiptLoad({ key }: { readonly key: string }): ReceiptLoad {
  const ids: string[] = [];
  const told: string[] = [];
  let waiting: string[] = [];
  const load = { stopped: false };
  let running: Promise<void> = Promise.resolve();

  async function tell(url: string): Promise<void> {
    const account = (await callApi(`${url}/api/v2/whoami`, { key })).json.account?.id ?? '';
    while (!load.stopped && waiting[0] !== undefined) {
      const [id] = waiting;
      const { status } = await callApi(`${url}/api/webhook-feedbacks/simulator?account=${account}`, {
        key,
        body: { type: 'status', id, state: 'delivered' },
      });
      if (status !== 200) throw new Error(`A receipt was answered with ${status}`);
      told.push(id);
      waiting = waiting.slice(1);
    }
  }

  return {
    async prepare(url, count) {
      const messages = Array.from({ length: count }, (_, index) => ({
        to: `+1312${String(200 + ((ids.length + index) % 700))}${SILENT}`,
        list_number: LIST_NUMBER,
        body: `Waits for receipt ${ids.length + index}`,
        skip_rate_limit: true,
      }));
      const answer = await callApi(`${url}/api/v2/send/bulk`, { key, body: { messages } });
      const made = idsOf(answer);
      if (made.length !== count) throw new Error(`${answer.status} ${answer.text}`);
      await readStates({ url, key }, made, (state) => state === 'sent');
      ids.push(...made);
      waiting.push(...made);
    },
    start(url) {
      load.stopped = false;
      running = tell(url).catch((error: unknown) => {
        // The connection went away with the server; the receipt is told again.
        if (!(error instanceof TypeError)) throw error;
      });
      running.catch(() => {});
    },
    async stop() {
      load.stopped = true;
      await running;
    },
    told: () => told,
    ids: () => ids,
  };
}
