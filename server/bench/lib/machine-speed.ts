import { createHash } from 'node:crypto';
import { once } from 'node:events';
import { closeSync, openSync, readSync } from 'node:fs';
import { type AddressInfo, createServer } from 'node:net';
import { Worker } from 'node:worker_threads';
import { sampleBulk, samplePhone } from './sample-messages.ts';

/** Of one round of the fixed piece of work. */
export interface MachineSpeed {
  /** All threads: how slow the cores, caches and memory are just now. */
  readonly cpuMs: number;
  /** On the clock: that, and how long others had the cores. */
  readonly wallMs: number;
}

const WARM_UP_ROUNDS = 2;
const ROUNDS = 4;

/**
 * Does what the server does, in fixed amounts: parses and writes JSON, hashes, copies buffers, looks up keys in a large
 * map, makes small objects, calls the kernel, and answers requests of another thread, which needs both cores. Takes about
 * a second. Gives the median round; a disturbance shorter than that counts for nothing. Whoever changes the work measures
 * the reference again (`npm run bench -- --reference`).
 */
export async function measureMachineSpeed(): Promise<MachineSpeed> {
  const pieces = createPieces();
  await using service = await startService();
  const rounds: MachineSpeed[] = [];
  for (let round = 0; round < WARM_UP_ROUNDS + ROUNDS; round++) {
    const cpuBefore = process.cpuUsage();
    const startMs = performance.now();
    for (const piece of pieces) piece();
    await service.answer(2_500);
    const { user, system } = process.cpuUsage(cpuBefore);
    const elapsedMs = performance.now() - startMs;
    if (round < WARM_UP_ROUNDS) continue;
    rounds.push({ cpuMs: (user + system) / 1_000, wallMs: elapsedMs });
  }
  return { cpuMs: median(rounds.map(({ cpuMs }) => cpuMs)), wallMs: median(rounds.map(({ wallMs }) => wallMs)) };
}

/** Each takes about 14 ms on a quiet machine. */
function createPieces(): readonly (() => void)[] {
  const body = sampleBulk(0, 100);
  const keys = Array.from({ length: 400_000 }, (_, index) => samplePhone(index));
  const places = new Map(keys.map((key, index) => [key, index]));
  const from = Buffer.alloc(24 << 20, 1);
  const to = Buffer.alloc(24 << 20);
  let seed = 1;
  const nextKey = (): string => {
    seed = (Math.imul(seed, 1_103_515_245) + 12_345) & 0x7fff_ffff;
    return keys[seed % keys.length] as string;
  };
  return [
    () => {
      for (let i = 0; i < 480; i++) JSON.stringify(JSON.parse(body));
    },
    () => {
      for (let i = 0; i < 34_000; i++)
        createHash('sha256')
          .update(keys[i] as string)
          .digest('base64');
    },
    () => {
      for (let i = 0; i < 11; i++) from.copy(to);
    },
    () => {
      let missing = 0;
      for (let i = 0; i < 60_000; i++) if (!places.has(nextKey())) missing++;
      if (missing > 0) throw new Error(`${missing} keys were not found`);
    },
    () => {
      let kept: object[] = [];
      for (let i = 0; i < 450_000; i++) {
        if (i % 20_000 === 0) kept = [];
        kept.push({ number: i, to: keys[i % 1_000], at: { ms: i } });
      }
    },
    () => {
      const zeros = openSync('/dev/zero', 'r');
      for (let i = 0; i < 36_000; i++) readSync(zeros, to, 0, 64, null);
      closeSync(zeros);
    },
  ];
}

interface Service extends AsyncDisposable {
  /** Answers so many requests more. */
  answer(count: number): Promise<void>;
}

const CONNECTIONS = 16;

/** Answers a byte to each request of another thread; between two calls of `answer` the requests wait. */
async function startService(): Promise<Service> {
  const request = Buffer.from(sampleBulk(0, 10));
  let left = 0;
  let done = (): void => {};
  const waiting: (() => void)[] = [];
  const server = createServer({ noDelay: true }, (socket) => {
    let gotBytes = 0;
    socket.on('error', () => {});
    socket.on('data', (chunk) => {
      gotBytes += chunk.length;
      if (gotBytes < request.length) return;
      gotBytes = 0;
      const reply = (): void => void socket.write('x');
      if (left === 0) {
        waiting.push(reply);
        return;
      }
      reply();
      if (--left === 0) done();
    });
  });
  server.listen(0, '127.0.0.1');
  await once(server, 'listening');
  const { port } = server.address() as AddressInfo;
  const client = new Worker(new URL('./machine-speed-client.mjs', import.meta.url), {
    execArgv: [],
    workerData: { port, request, connections: CONNECTIONS },
  });
  return {
    answer: (count) =>
      new Promise((resolve) => {
        done = resolve;
        left = count;
        for (const reply of waiting.splice(0)) {
          reply();
          left--;
        }
      }),
    async [Symbol.asyncDispose]() {
      await client.terminate();
      server.close();
    },
  };
}

function median(values: number[]): number {
  values.sort((a, b) => a - b);
  const middle = values.length / 2;
  const between = ((values[Math.ceil(middle) - 1] ?? 0) + (values[Math.floor(middle)] ?? 0)) / 2;
  return Math.round(between * 10) / 10;
}
