/*
 * SMPP: our client submits texts of about 100 characters to our server, a process on the other core, over loopback. What a
 * message costs the client goes from the text to the answer.
 */
import { SmppClient, splitText, toAddress, toRelativeTime, toSubmit, type OutgoingMessage } from '@trackly/smpp';
import { startProgram } from './lib/child-program.ts';
import { readCpuUs } from './lib/process-cpu.ts';
import { isShort, report } from './lib/report.ts';
import { sampleBody, samplePhone } from './lib/sample-messages.ts';

/** Microseconds a message. CPU as promised; wall for at least 300,000 a second at window 1,000 and 100,000 at 100. */
const BUDGET = { cpuUs: 2, cpuUs100: 2, wallUs: 3.33, wallUs100: 10 };

const VALIDITY = toRelativeTime(240);
/** As many as the pipeline claims at once. */
const BATCH = 1_000;
const BATCHES_AT_A_TIME = 3;
const WARM_UP = 300_000;
const MESSAGES = isShort ? 1_000_000 : 3_000_000;

const server = startProgram('smpp-server-program.ts', {});
const { port } = await server.nextLine<{ port: number }>();
const wide = await measure(1_000);
const narrow = await measure(100);
await server.stop();

report({
  bench: 'smpp',
  figures: {
    submitsPerSecond: 1_000_000 / wide.wallUs,
    cpuUs: wide.cpuUs,
    serverCpuUs: wide.serverCpuUs,
    wallUs: wide.wallUs,
    submitsPerSecond100: 1_000_000 / narrow.wallUs,
    cpuUs100: narrow.cpuUs,
    serverCpuUs100: narrow.serverCpuUs,
    wallUs100: narrow.wallUs,
  },
  budget: BUDGET,
  goal: { submitsPerSecond: 300_000, submitsPerSecond100: 100_000, cpuUs: 2, cpuUs100: 2 },
  durable: 'nothing',
});

async function measure(window: number): Promise<{ cpuUs: number; serverCpuUs: number; wallUs: number }> {
  const client = new SmppClient({ host: '127.0.0.1', port, systemId: 'bench', password: 'bench', window });
  await submit(client, WARM_UP);
  const before = process.cpuUsage();
  const serverBeforeUs = readCpuUs(server.pid);
  const startMs = performance.now();
  await submit(client, MESSAGES);
  const elapsedMs = performance.now() - startMs;
  const { user, system } = process.cpuUsage(before);
  const serverUs = readCpuUs(server.pid) - serverBeforeUs;
  await client.close();
  return {
    cpuUs: (user + system) / MESSAGES,
    serverCpuUs: serverUs / MESSAGES,
    wallUs: (elapsedMs * 1_000) / MESSAGES,
  };
}

async function submit(client: SmppClient, count: number): Promise<void> {
  let next = 0;
  let accepted = 0;
  const submitBatches = async (): Promise<void> => {
    while (next < count) {
      const first = next;
      next += BATCH;
      await client.submitAll(
        Array.from({ length: BATCH }, (_, index) => toMessage(first + index)),
        (_, [outcome]) => {
          if (outcome?.kind === 'accepted') accepted++;
        },
      );
    }
  };
  await Promise.all(Array.from({ length: BATCHES_AT_A_TIME }, submitBatches));
  if (accepted !== count) throw new Error(`${accepted} of ${count} were accepted`);
}

function toMessage(index: number): OutgoingMessage {
  const from = toAddress('+18005551000');
  const to = toAddress(samplePhone(index));
  const common = {
    sourceTon: from.ton,
    sourceNpi: from.npi,
    source: from.address,
    destinationTon: to.ton,
    destinationNpi: to.npi,
    destination: to.address,
    validityPeriod: VALIDITY,
    registeredDelivery: 1,
  };
  const parts = splitText(sampleBody(index), { reference: index & 0xff }) ?? [];
  return { parts: parts.map((part) => toSubmit(common, part)) };
}
