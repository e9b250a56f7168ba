import * as fc from 'fast-check';
import { expect, test } from 'vitest';
import { testAccount, testList } from '../../../test/helpers/http-fixture.ts';
import type { Account, List } from '../../accounts/directory-types.ts';
import { createIdCodec } from '../../lib/public-id.ts';
import { countSegments, toSmartEncoding } from '../../lib/segments.ts';
import { textHash } from '../../lib/text-hash.ts';
import { toListSettings } from '../../lists/index.ts';
import { affixesFor } from '../../messages/affixes.ts';
import type { Pool } from '../../store/pool.ts';
import { FLAGS } from '../flags.ts';
import { type OutboundMessage, toOutboundMessage } from '../outbound-message.ts';
import { newGateBatch } from '../pipeline.ts';
import type { GateBatch } from '../stage.ts';
import { createRenderStage } from './render-stage.ts';

const FIRST_LINK = 1_000;
const linkIds = createIdCodec(Buffer.alloc(32, 7), 'link');

interface Contact {
  readonly phone: number;
  readonly firstName: string | null;
  readonly lastName: string | null;
  readonly customFields: Record<string, unknown>;
}

async function run(batch: GateBatch, contacts: readonly Contact[]): Promise<void> {
  let nextLink = FIRST_LINK;
  const stage = createRenderStage({
    // Answers as the statement `recipient.load` does.
    pool: { query: async () => ({ rows: contacts }) } as unknown as Pool,
    links: {
      takeNow: (count) => (nextLink += count) - count,
      take: async (count) => (nextLink += count) - count,
      async [Symbol.asyncDispose]() {},
    },
    linkIds,
  });
  await stage.run(batch);
}

interface Rendered {
  readonly body: string;
  readonly encoding: string;
  readonly characters: number;
  readonly segments: number;
  readonly compared: bigint;
  readonly firstLink: number | null;
  readonly destinations: readonly string[];
  readonly reason: string | null;
}

const UNTOUCHED = { body: '', encoding: 'GSM-7', characters: 0, segments: 0, firstLink: null, destinations: [] };

/** The rules one after another on the whole text of one message, as the contract tells them. */
function renderPlainly(
  message: OutboundMessage,
  batch: GateBatch,
  contact: Contact | undefined,
  link: number,
): Rendered {
  const list = batch.list as List;
  const account = batch.account as Account;
  const domain = list.settings.shortenerDomain ?? account.settings.shortenerDomain;
  const valueOf = (name: string): string => {
    if (name === 'messageId' || name === 'sendId') return message.id;
    if (name === 'brand_name') return list.brandName ?? account.settings.brandName ?? account.name;
    const own = message.contactData;
    const stored = contact?.customFields ?? {};
    if (name === 'first_name') return own?.first_name ?? textOf(stored, name) ?? contact?.firstName ?? '';
    if (name === 'last_name') return own?.last_name ?? textOf(stored, name) ?? contact?.lastName ?? '';
    const key = name.replace(/^custom_fields\./, '');
    return textOf(own?.custom_fields ?? {}, key) ?? textOf(stored, key) ?? '';
  };
  const fill = (text: string, kept: RegExp): string =>
    text.replace(/\{\{([^{}]*)\}\}/g, (raw, inner: string) => (kept.test(inner.trim()) ? raw : valueOf(inner.trim())));
  const keptLinks = /^link[1-9][0-9]?$/;
  const compared = textHash(fill(message.template, /^(link[1-9][0-9]?|messageId|sendId)$/));
  const destinations: string[] = [];
  const wrapped = fill(message.template, keptLinks).replace(/https?:\/\/[^\s<>"]+/gi, (found) => {
    const url = found.replace(/[.,;:!?)\]}']+$/, '');
    const isOwn = domain !== null && URL.canParse(url) && new URL(url).host === domain.toLowerCase();
    if ((message.flags & FLAGS.wrap_links) === 0 || url.endsWith('://') || isOwn) return found;
    destinations.push(url);
    const id = batch.dryRun ? 'XXXXXXX' : linkIds.encode(link + destinations.length - 1);
    return `https://${domain}/${id}${found.slice(url.length)}`;
  });
  if (destinations.length > 0 && domain === null) return { ...UNTOUCHED, compared, reason: 'no_domain_configured' };
  const skipsAffixes = (message.flags & FLAGS.skip_affixes) !== 0;
  const { prepend, append } = affixesFor(list, account, message.category, skipsAffixes);
  const joined = fill(prepend, keptLinks) + wrapped + fill(append, keptLinks);
  const body = list.settings.smartEncoding ? toSmartEncoding(joined) : joined;
  const isLinked = destinations.length > 0 && !batch.dryRun;
  return {
    body,
    ...countSegments(body),
    compared,
    firstLink: isLinked ? link : null,
    destinations: isLinked ? destinations : [],
    reason: body === '' ? 'empty_body' : body.length > 1_600 ? 'body_too_long' : null,
  };
}

function textOf(fields: Readonly<Record<string, unknown>>, key: string): string | undefined {
  const value = Object.hasOwn(fields, key) ? fields[key] : undefined;
  return ['string', 'number', 'boolean'].includes(typeof value) ? String(value) : undefined;
}

const MACROS = [
  'first_name',
  ' last_name ',
  'messageId',
  ' sendId',
  'brand_name',
  'code',
  'custom_fields.code',
  'link1',
];
const ODD_MACROS = ['link0', 'nope', '', 'constructor', 'custom_fields.', 'First_Name'];
const URLS = [
  'https://shop.example/x?y=1',
  'http://a.example',
  'HTTPS://dm.example/1',
  'https://dm.example:443/',
  'https://x',
];
const ODD_URLS = [
  'https://DM%2Eexample/',
  'http://ｄm.example',
  'https://dm.example.',
  'https://1.2',
  'ftp://a',
  'https://@',
];
const CHARACTERS = ['a', ' ', '.', ')', '<', '"', '\n', '\u00a0', '€', '{', '}', '{{', '}}', 'é', 'ж', '‘', '…', '😀'];
const LINK_PIECES = [
  'http',
  'https',
  's',
  ':',
  '/',
  '//',
  '://',
  'https://',
  'http:/',
  'dm.example',
  '\ud83d',
  '\ude00',
];

const literal = fc.oneof(
  fc.constantFrom(...CHARACTERS),
  fc.constantFrom(...LINK_PIECES),
  fc.constantFrom(...URLS, ...ODD_URLS),
  fc.constantFrom('a'.repeat(64), '€'.repeat(40), 'ж'.repeat(33), 'a'.repeat(800)),
);
const textOfPieces = (piece: fc.Arbitrary<string>, maxLength: number) =>
  fc.array(piece, { maxLength, size: 'max' }).map((pieces) => pieces.join(''));
const template = textOfPieces(
  fc.oneof(
    { weight: 3, arbitrary: literal },
    { weight: 2, arbitrary: fc.constantFrom(...MACROS, ...ODD_MACROS).map((name) => `{{${name}}}`) },
  ),
  8,
);
const value = fc.oneof(
  fc.constantFrom('', 'Zoe', 'Zoé', 'Łukasz', 'O’Neill', '[x]', '{{first_name}}', '$&'),
  textOfPieces(literal, 3),
  fc.string({ unit: 'binary', maxLength: 8 }),
);
const domain = fc.constantFrom(null, 'dm.example', 'DM.Example');
const fields = fc.record({ code: fc.oneof(value, fc.integer(), fc.boolean()) }, { requiredKeys: [] });

const message = fc.record({
  template: fc.nat(2),
  category: fc.constantFrom('marketing' as const, 'transactional' as const),
  wrap_links: fc.boolean(),
  skip_affixes: fc.boolean(),
  contact_data: fc.option(
    fc.record({ first_name: value, last_name: value, custom_fields: fields }, { requiredKeys: [] }),
    { nil: undefined },
  ),
  contact: fc.option(fc.record({ firstName: fc.option(value), lastName: fc.option(value), customFields: fields }), {
    nil: undefined,
  }),
  hasRow: fc.boolean(),
});

const sending = fc.record({
  templates: fc.tuple(template, template, template),
  messages: fc.array(message, { minLength: 1, maxLength: 6 }),
  prepend: fc.option(template),
  append: fc.option(template),
  domain,
  accountDomain: domain,
  brandName: fc.option(value),
  smart: fc.boolean(),
  dryRun: fc.boolean(),
});

test('texts, encodings, parts, links and hashes are those of the rules applied one after another', async () => {
  await fc.assert(
    fc.asyncProperty(sending, async (given) => {
      const { templates, dryRun } = given;
      const settings = {
        ...toListSettings({}, '+18005551000'),
        prepend: given.prepend,
        append: given.append,
        shortenerDomain: given.domain,
        smartEncoding: given.smart,
      };
      const account = testAccount();
      const batch = newGateBatch(
        {
          listId: 1,
          list: testList({ settings, brandName: given.brandName }),
          account: { ...account, settings: { ...account.settings, shortenerDomain: given.accountDomain } },
          nowMs: 0,
        },
        given.messages.map((item, number) => toMessage(item, templates[item.template] ?? '', number)),
        dryRun,
      );
      const messages = [...batch.live];
      const contacts = given.messages.flatMap(({ contact }, number) =>
        contact === undefined ? [] : [{ phone: messages[number]?.phone ?? 0, ...contact }],
      );
      let link = FIRST_LINK;
      const expected = messages.map((each) => {
        if (each.hasRow) return { ...UNTOUCHED, compared: 0n, reason: null };
        const contact = contacts.find(({ phone }) => phone === each.phone);
        const rendered = renderPlainly(each, batch, contact, link);
        link += rendered.destinations.length;
        return rendered;
      });
      await run(batch, contacts);
      const reasons = new Map(batch.refused.map(({ message: each, outcome }) => [each, outcome.reason]));
      const found = messages.map((each) => ({
        body: each.body,
        encoding: each.encoding,
        characters: each.characters,
        segments: each.segments,
        compared: each.textHash,
        firstLink: each.firstLink,
        destinations: each.destinations,
        reason: reasons.get(each) ?? null,
      }));
      expect(found).toEqual(expected);
    }),
    { numRuns: 2_000 },
  );
});

type Item = typeof message extends fc.Arbitrary<infer T> ? T : never;

function toMessage(item: Item, body: string, number: number): OutboundMessage {
  const { category, wrap_links, skip_affixes, contact_data, hasRow } = item;
  const to = `+1800555${1_000 + number}`;
  const accepted = { to, body, category, wrap_links, skip_affixes, ...(contact_data && { contact_data }) };
  const birth = { number, id: `id${number}`, createdMs: 0, dueMs: 0, simulated: false, source: 0 };
  return { ...toOutboundMessage(accepted, birth), hasRow };
}
