/* Rendering a batch of 1,000: first name and one tracked link, marketing, so with the texts before and behind the body. */
import type { Account, List } from '../src/accounts/index.ts';
import type { AcceptedMessage, OutboundMessage } from '../src/pipeline/outbound-message.ts';
import { toAccountSettings } from '../src/accounts/settings-defaults.ts';
import { createIdCodec } from '../src/lib/public-id.ts';
import { toListSettings } from '../src/lists/index.ts';
import { toOutboundMessage } from '../src/pipeline/outbound-message.ts';
import { newGateBatch } from '../src/pipeline/pipeline.ts';
import { createRenderStage } from '../src/pipeline/stages/render-stage.ts';
import { createPool } from '../src/store/pool.ts';
import { measureCpuNs } from './lib/measure-cpu.ts';
import { report } from './lib/report.ts';
import { LIST_NUMBER, samplePhone } from './lib/sample-messages.ts';

/** CPU microseconds a message, on 2 virtual cores (AMD EPYC) with Node 20. */
const BUDGET = { sameTextUs: 1, ownTextUs: 4, ownLinkUs: 4 };

const SIZE = 1_000;
const NOW_MS = 1_793_639_049_250;

const account: Account = {
  id: 'a'.repeat(24),
  name: 'Demo',
  ownerEmail: null,
  status: 'active',
  settings: toAccountSettings({ brand_name: 'Demo', shortener_domain: 'dm.example' }),
};
const list: List = {
  id: 1,
  v1Id: 'pn_0000000000000001',
  accountId: account.id,
  number: LIST_NUMBER,
  brandName: 'Demo',
  listName: 'Demo',
  type: 'simulator',
  status: 'active',
  isByoc: false,
  verified: true,
  credentials: {},
  settings: toListSettings({}, LIST_NUMBER),
  createdMs: NOW_MS,
};

let nextLink = 0;
const stage = createRenderStage({
  // Every name comes with its message, so nothing is looked up.
  pool: createPool({ host: '127.0.0.1', port: 1 }, { name: 'nowhere', max: 1 }),
  links: {
    takeNow: (count) => (nextLink += count) - count,
    take: async (count) => (nextLink += count) - count,
    async [Symbol.asyncDispose]() {},
  },
  linkIds: createIdCodec(Buffer.alloc(32, 7), 'link'),
});

/** Batches of different texts, in turn: more than any cache of templates holds. */
const VARIANTS = 32;

/** As they come out of a stored batch: even equal texts are strings of their own. */
function toAccepted(text: (index: number) => string, variant: number): AcceptedMessage[] {
  const messages = Array.from({ length: SIZE }, (_, place) => ({
    to: samplePhone(place),
    body: text(variant * SIZE + place),
    category: 'marketing',
    wrap_links: true,
    contact_data: { first_name: `Zoe${place}` },
  }));
  return JSON.parse(JSON.stringify(messages)) as AcceptedMessage[];
}

function toMessages(accepted: readonly AcceptedMessage[]): OutboundMessage[] {
  const birth = { id: 'k3Vd81Qz', createdMs: NOW_MS, dueMs: 0, simulated: false, source: 0 };
  return accepted.map((message, number) => toOutboundMessage(message, { number, ...birth }));
}

/** Making the messages is measured apart and taken off. */
async function measure(text: (index: number) => string): Promise<number> {
  const variants = Array.from({ length: VARIANTS }, (_, variant) => toAccepted(text, variant));
  let turn = 0;
  const next = (): OutboundMessage[] => toMessages(variants[turn++ % VARIANTS] ?? []);
  const makingNs = await measureCpuNs((times) => {
    for (let i = 0; i < times; i++) next();
  });
  const bothNs = await measureCpuNs(async (times) => {
    for (let i = 0; i < times; i++) {
      const batch = newGateBatch({ listId: list.id, list, account, nowMs: NOW_MS }, next());
      await stage.run(batch);
      if (batch.live.length !== SIZE) throw new Error('All messages must pass');
    }
  });
  return (bothNs - makingNs) / SIZE / 1_000;
}

const TEXT = 'Hi {{first_name}}, our autumn sale starts today: https://shop.example/sale?utm=sms See you soon!';

report({
  bench: 'render',
  figures: {
    /** A campaign. */
    sameTextUs: await measure(() => TEXT),
    /** Every text different. */
    ownTextUs: await measure((index) => `${TEXT} ${index}`),
    /** A campaign whose link is different for each recipient. */
    ownLinkUs: await measure(() => TEXT.replace('sms', '{{first_name}}')),
  },
  budget: BUDGET,
  durable: 'nothing',
});
