/* Accepting in bulk: key and lists checked, messages numbered and synced to the log, ids answered. */
import { report, isShort } from './lib/report.ts';
import { runLoad } from './lib/run-load.ts';
import { startAcceptServer } from './lib/running-server.ts';

/** CPU microseconds of the server a message. */
const BUDGET = { cpuUs1000: 1, cpuUs100: 1.6, cpuUs10: 7 };

await using server = await startAcceptServer();
const load = {
  url: server.url,
  apiKey: server.apiKey,
  path: '/api/v2/send/bulk',
  // Code is compiled and memory is taken in the first seconds.
  warmUpMs: isShort ? 1_500 : 3_000,
  rounds: isShort ? 3 : 5,
  roundMs: isShort ? 800 : 1_500,
};
const of1000 = await runLoad(server.pid, { ...load, connections: 8, messagesPerRequest: 1_000 });
const of100 = await runLoad(server.pid, { ...load, connections: 16, messagesPerRequest: 100 });
const of10 = await runLoad(server.pid, { ...load, connections: 64, messagesPerRequest: 10 });

report({
  bench: 'accept-bulk',
  figures: {
    messagesPerSecond1000: (of1000.messages / of1000.elapsedMs) * 1_000,
    cpuUs1000: of1000.cpuUs,
    p50Ms1000: of1000.p50Ms,
    p99Ms1000: of1000.p99Ms,
    messagesPerSecond100: (of100.messages / of100.elapsedMs) * 1_000,
    cpuUs100: of100.cpuUs,
    p99Ms100: of100.p99Ms,
    messagesPerSecond10: (of10.messages / of10.elapsedMs) * 1_000,
    cpuUs10: of10.cpuUs,
    p99Ms10: of10.p99Ms,
  },
  budget: BUDGET,
  goal: { messagesPerSecond1000: 833_000, messagesPerSecond100: 500_000, messagesPerSecond10: 120_000 },
  durable: 'every 201 was synced to the log (LMDB, fdatasync) before',
});
