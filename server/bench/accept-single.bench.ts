/* Accepting one message a request, synced to the log by group commit. */
import { report, isShort } from './lib/report.ts';
import { runLoad } from './lib/run-load.ts';
import { startAcceptServer } from './lib/running-server.ts';

/** CPU microseconds of the server a message, on 2 virtual cores (AMD EPYC) with Node 20: reached times 1.5. */
const BUDGET = { cpuUs64: 95, cpuUs256: 75 };

await using server = await startAcceptServer();
const load = {
  url: server.url,
  apiKey: server.apiKey,
  path: '/api/v2/send',
  messagesPerRequest: 1,
  warmUpMs: isShort ? 1_500 : 3_000,
  measureMs: isShort ? 2_000 : 6_000,
};
const by64 = await runLoad(server.pid, { ...load, connections: 64 });
const by256 = await runLoad(server.pid, { ...load, connections: 256 });

report({
  bench: 'accept-single',
  figures: {
    requestsPerSecond64: (by64.messages / by64.elapsedMs) * 1_000,
    cpuUs64: by64.cpuUs,
    p50Ms64: by64.p50Ms,
    p99Ms64: by64.p99Ms,
    requestsPerSecond256: (by256.messages / by256.elapsedMs) * 1_000,
    cpuUs256: by256.cpuUs,
    p50Ms256: by256.p50Ms,
    p99Ms256: by256.p99Ms,
  },
  budget: BUDGET,
  durable: 'every 201 was synced to the log (LMDB, fdatasync) before',
});
