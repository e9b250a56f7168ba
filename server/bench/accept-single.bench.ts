/* Accepting one message a request, synced to the log by group commit. */
import { report, isShort } from './lib/report.ts';
import { runLoad } from './lib/run-load.ts';
import { startAcceptServer } from './lib/running-server.ts';

/** CPU microseconds of the server a message, and milliseconds. With 64 connections a sync is shared by fewer. */
const BUDGET = { cpuUs64: 45, cpuUs256: 35, p99MsHalf: 50 };
/** Half of what is to be reached. */
const HALF_PER_SECOND = 10_000;

await using server = await startAcceptServer();
const load = {
  url: server.url,
  apiKey: server.apiKey,
  path: '/api/v2/send',
  messagesPerRequest: 1,
  // Code is compiled and memory is taken in the first seconds.
  warmUpMs: isShort ? 1_500 : 3_000,
  rounds: isShort ? 3 : 5,
  roundMs: isShort ? 800 : 2_000,
};
const by64 = await runLoad(server.pid, { ...load, connections: 64 });
const by256 = await runLoad(server.pid, { ...load, connections: 256 });
const half = await runLoad(server.pid, { ...load, connections: 256, requestsPerSecond: HALF_PER_SECOND });

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
    requestsPerSecondHalf: (half.messages / half.elapsedMs) * 1_000,
    cpuUsHalf: half.cpuUs,
    p50MsHalf: half.p50Ms,
    p99MsHalf: half.p99Ms,
  },
  budget: BUDGET,
  goal: { requestsPerSecond256: 20_000, p99MsHalf: 50 },
  durable: 'every 201 was synced to the log (LMDB, fdatasync) before',
});
