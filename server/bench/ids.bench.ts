/* Public ids of messages from their numbers, and back. */
import { createIdCodec } from '../src/lib/public-id.ts';
import { measureCpuNs } from './lib/measure-cpu.ts';
import { report } from './lib/report.ts';

/** CPU nanoseconds an id, on 2 virtual cores (AMD EPYC) with Node 20: reached times 1.5. */
const BUDGET = { encodeNs: 120, decodeNs: 75 };

const ids = createIdCodec(Buffer.alloc(32, 7), 'message');
const known = Array.from({ length: 1_024 }, (_, number) => ids.encode(number));
let next = 0;

const encodeNs = await measureCpuNs((times) => {
  let length = 0;
  for (let i = 0; i < times; i++) length += ids.encode(next++).length;
  if (length !== times * 8) throw new Error('An id has eight characters');
});
const decodeNs = await measureCpuNs((times) => {
  let wrong = 0;
  for (let i = 0; i < times; i++) if (ids.decode(known[i % 1_024] as string) !== i % 1_024) wrong++;
  if (wrong > 0) throw new Error('An id leads back to its number');
});

report({ bench: 'ids', figures: { encodeNs, decodeNs }, budget: BUDGET, durable: 'nothing' });
