import { openHttpConnection, toRequest, type HttpConnection } from './http-connection.ts';
import type { RunningServer } from './running-server.ts';
import { sampleBulk } from './sample-messages.ts';

const MESSAGES_PER_REQUEST = 1_000;

/** Sends `count` messages by `/api/v2/send-raw/bulk` that neither wait for the list's rate nor are checked for twins. */
export async function sendMany(
  server: RunningServer,
  connections: readonly HttpConnection[],
  first: number,
  count: number,
  fields: Readonly<Record<string, unknown>> = {},
): Promise<void> {
  const more = { skip_rate_limit: true, ...fields };
  const starts = Array.from(
    { length: count / MESSAGES_PER_REQUEST },
    (_, place) => first + place * MESSAGES_PER_REQUEST,
  );
  const requests = starts.map((start) =>
    toRequest('/api/v2/send-raw/bulk', server.apiKey, sampleBulk(start, MESSAGES_PER_REQUEST, more)),
  );
  await Promise.all(
    connections.map(async (connection) => {
      for (let request = requests.shift(); request !== undefined; request = requests.shift()) {
        const { status, body } = await connection.send(request);
        const sent = JSON.parse(body.toString()) as { queued_count?: number };
        if (status !== 201 || sent.queued_count !== MESSAGES_PER_REQUEST)
          throw new Error(`Answered ${status}: ${body.toString().slice(0, 300)}`);
      }
    }),
  );
}

export async function openConnections(server: RunningServer, count: number): Promise<HttpConnection[]> {
  return await Promise.all(Array.from({ length: count }, () => openHttpConnection(server.url)));
}

/** Values of one metric by the value of its label ('' without one). */
export async function readMetric(server: RunningServer, name: string): Promise<Map<string, number>> {
  const text = await (await fetch(`${server.url}/metrics`)).text();
  const values = new Map<string, number>();
  for (const [, label = '', value] of text.matchAll(new RegExp(`^${name}(?:\\{\\w+="([^"]*)"\\})? (\\S+)$`, 'gm'))) {
    values.set(label, Number(value));
  }
  return values;
}

export interface LedgerTotals {
  readonly submits: number;
  readonly messages: number;
  readonly doubles: number;
}

/** What reached the simulated carrier, counted by itself. */
export async function readLedgerTotals(server: RunningServer): Promise<LedgerTotals> {
  const answer = (await (await fetch(`${server.url}/simulator/ledger?limit=1`)).json()) as { totals: LedgerTotals };
  return answer.totals;
}
