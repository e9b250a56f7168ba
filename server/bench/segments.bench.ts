/* Encoding, length and parts of a text of about 100 characters. */
import { countSegments } from '../src/lib/segments.ts';
import { measureCpuNs } from './lib/measure-cpu.ts';
import { report } from './lib/report.ts';
import { sampleBody } from './lib/sample-messages.ts';

/** CPU nanoseconds a text, on 2 virtual cores (AMD EPYC) with Node 20: reached times 1.5. */
const BUDGET = { commonNs: 220, nationalNs: 290, ucs2Ns: 400, twoPartsNs: 2_000 };

const TEXTS = 256;

async function measure(toText: (index: number) => string, parts: number): Promise<number> {
  const texts = Array.from({ length: TEXTS }, (_, index) => toText(index));
  return await measureCpuNs((times) => {
    let sum = 0;
    for (let i = 0; i < times; i++) sum += countSegments(texts[i % TEXTS] as string).segments;
    if (sum !== times * parts) throw new Error(`Counted ${sum} parts in ${times} texts`);
  });
}

report({
  bench: 'segments',
  figures: {
    commonNs: await measure(sampleBody, 1),
    nationalNs: await measure((index) => sampleBody(index).replace('Zoe', 'Zoé'), 1),
    ucs2Ns: await measure((index) => `${sampleBody(index).slice(0, 60)} 🎉`, 1),
    twoPartsNs: await measure((index) => `${sampleBody(index)} {${sampleBody(index)}}`, 2),
  },
  budget: BUDGET,
  durable: 'nothing',
});
