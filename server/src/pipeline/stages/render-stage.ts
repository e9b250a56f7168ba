import type { Account, List } from '../../accounts/directory-types.ts';
import { findUrls, type FoundUrl } from '../../lib/find-urls.ts';
import { compileTemplate, renderForDuplicateCheck, renderTemplate, textHash, type Template } from '../../lib/macros.ts';
import type { IdCodec } from '../../lib/public-id.ts';
import { countSegments, toSmartEncoding } from '../../lib/segments.ts';
import { affixesFor } from '../../messages/affixes.ts';
import type { NumberBlocks } from '../../store/number-blocks.ts';
import type { Pool } from '../../store/pool.ts';
import { loadRecipients } from '../../store/recipient-store.ts';
import { hasFlag } from '../flags.ts';
import type { OutboundMessage } from '../outbound-message.ts';
import { drop, keep, type GateBatch, type Stage } from '../stage.ts';

/** Of the final text, in UTF-16 units. */
const MAX_TEXT = 1_600;
/** Stands in links that a dry run shows. */
const PLACEHOLDER_LINK_ID = 'XXXXXXX';

export interface RenderStageDeps {
  readonly pool: Pool;
  readonly links: NumberBlocks;
  readonly linkIds: IdCodec;
}

/** Texts of one message before they are joined. */
interface Parts {
  readonly prepend: string;
  readonly body: string;
  readonly append: string;
  readonly urls: readonly FoundUrl[];
}

/**
 * Step 8: fills macros, wraps links, adds affixes, decides the encoding and counts the parts. A message that was here
 * before keeps its text. Awaits once: for facts of recipients that the texts ask for.
 */
export function createRenderStage({ pool, links, linkIds }: RenderStageDeps): Stage {
  return {
    name: 'render',
    async run(batch) {
      const { list, account } = batch;
      if (list === undefined || account === undefined) return;
      await loadFacts(pool, batch, { list, account });
      const parts = new Map<OutboundMessage, Parts>();
      const hashes = new Map<string, string>();
      for (const message of batch.live) {
        if (!message.hasRow) parts.set(message, fillMacros(message, { list, account }, hashes));
      }
      const domain = list.settings.shortenerDomain ?? account.settings.shortenerDomain;
      await wrapLinks(batch, parts, domain, links);
      keep(batch, 'render', (message) => {
        const text = parts.get(message);
        if (text === undefined) return undefined;
        if (text.urls.length > 0 && domain === null) return drop('no_domain_configured');
        return setFinalText(message, joinParts(message, text, domain, batch.dryRun ? undefined : linkIds), list);
      });
    },
  };
}

interface Sender {
  readonly list: List;
  readonly account: Account;
}

function fillMacros(message: OutboundMessage, sender: Sender, hashes: Map<string, string>): Parts {
  const { list, account } = sender;
  const affixes = affixesFor(list, account, message.category, hasFlag(message.flags, 'skip_affixes'));
  const template = compileTemplate(message.template);
  const resolve = (name: string): string | undefined => macroValue(name, message, sender);
  const body = renderTemplate(template, resolve, { keepLinks: true });
  message.textHash = cachedHash(
    template.macros.length === 0 ? body : renderForDuplicateCheck(template, resolve),
    hashes,
  );
  return {
    prepend: fillAffix(affixes.prepend, resolve),
    body,
    append: fillAffix(affixes.append, resolve),
    urls: hasFlag(message.flags, 'wrap_links') ? foreignUrls(body, list, account) : NO_URLS,
  };
}

const NO_URLS: readonly FoundUrl[] = [];

function fillAffix(text: string, resolve: (name: string) => string | undefined): string {
  return text === '' ? '' : renderTemplate(compileTemplate(text), resolve, { keepLinks: true });
}

/** Batches often send one text to many, and the hash is most of the cost of rendering. */
function cachedHash(text: string, hashes: Map<string, string>): string {
  const known = hashes.get(text);
  if (known !== undefined) return known;
  const made = textHash(text);
  hashes.set(text, made);
  return made;
}

function foreignUrls(body: string, list: List, account: Account): FoundUrl[] {
  const own = (list.settings.shortenerDomain ?? account.settings.shortenerDomain)?.toLowerCase();
  return findUrls(body).filter((found) => own === undefined || hostOf(found.url) !== own);
}

function hostOf(url: string): string | undefined {
  return URL.canParse(url) ? new URL(url).host.toLowerCase() : undefined;
}

function macroValue(name: string, message: OutboundMessage, { list, account }: Sender): string | undefined {
  if (name === 'messageId' || name === 'sendId') return message.id;
  if (name === 'brand_name') return list.brandName ?? account.settings.brandName ?? account.name;
  const { contactData, recipient } = message;
  if (name === 'first_name' || name === 'last_name') {
    const stored = name === 'first_name' ? recipient?.firstName : recipient?.lastName;
    return contactData?.[name] ?? fieldText(recipient?.customFields[name]) ?? stored ?? undefined;
  }
  const key = name.startsWith('custom_fields.') ? name.slice('custom_fields.'.length) : name;
  return fieldText(ownField(contactData?.custom_fields, key)) ?? fieldText(ownField(recipient?.customFields, key));
}

/** Only fields that the sender set: `constructor` and the like are no fields. */
function ownField(fields: Readonly<Record<string, unknown>> | undefined, key: string): unknown {
  return fields !== undefined && Object.hasOwn(fields, key) ? fields[key] : undefined;
}

function fieldText(value: unknown): string | undefined {
  if (typeof value === 'string') return value;
  return typeof value === 'number' || typeof value === 'boolean' ? String(value) : undefined;
}

/** Numbers all links of the batch in one contiguous range and remembers where they lead. */
async function wrapLinks(
  batch: GateBatch,
  parts: ReadonlyMap<OutboundMessage, Parts>,
  domain: string | null,
  links: NumberBlocks,
): Promise<void> {
  if (domain === null || batch.dryRun) return;
  let count = 0;
  for (const text of parts.values()) count += text.urls.length;
  if (count === 0) return;
  let next = links.takeNow(count) ?? (await links.take(count));
  for (const [message, text] of parts) {
    if (text.urls.length === 0) continue;
    message.firstLink = next;
    message.destinations = text.urls.map((found) => found.url);
    next += text.urls.length;
  }
}

function joinParts(message: OutboundMessage, text: Parts, domain: string | null, linkIds: IdCodec | undefined): string {
  if (text.urls.length === 0) return text.prepend + text.body + text.append;
  let body = '';
  let at = 0;
  for (const [index, found] of text.urls.entries()) {
    const id = linkIds === undefined ? PLACEHOLDER_LINK_ID : linkIds.encode((message.firstLink ?? 0) + index);
    body += `${text.body.slice(at, found.start)}https://${domain}/${id}`;
    at = found.end;
  }
  return text.prepend + body + text.body.slice(at) + text.append;
}

function setFinalText(message: OutboundMessage, joined: string, list: List): ReturnType<typeof drop> | undefined {
  const text = list.settings.smartEncoding ? toSmartEncoding(joined) : joined;
  const counted = countSegments(text);
  message.body = text;
  message.encoding = counted.encoding;
  message.characters = counted.characters;
  message.segments = counted.segments;
  if (text === '') return drop('empty_body');
  return text.length > MAX_TEXT ? drop('body_too_long') : undefined;
}

/** Loads list contacts for the messages whose macros their own `contact_data` cannot fill. */
async function loadFacts(pool: Pool, batch: GateBatch, sender: Sender): Promise<void> {
  const asking = batch.live.filter((message) => !message.hasRow && needsFacts(message, sender));
  if (asking.length === 0) return;
  const rows = await loadRecipients(pool, batch.listId, [...new Set(asking.map((message) => message.phone))]);
  const byPhone = new Map(rows.map((row) => [row.phone, row]));
  for (const message of asking) message.recipient = byPhone.get(message.phone) ?? null;
}

function needsFacts(message: OutboundMessage, sender: Sender): boolean {
  const { list, account } = sender;
  if (hasOpenMacro(compileTemplate(message.template), message, sender)) return true;
  const affixes = affixesFor(list, account, message.category, hasFlag(message.flags, 'skip_affixes'));
  return [affixes.prepend, affixes.append].some(
    (text) => text !== '' && hasOpenMacro(compileTemplate(text), message, sender),
  );
}

function hasOpenMacro(template: Template, message: OutboundMessage, sender: Sender): boolean {
  return template.macros.some((macro) => macro.link === 0 && macroValue(macro.name, message, sender) === undefined);
}
