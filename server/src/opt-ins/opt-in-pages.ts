import { generate } from 'lean-qr';
import { toSvgSource } from 'lean-qr/extras/svg';
import type { Account, Directory, List } from '../accounts/index.ts';
import { normaliseV1Phone, phoneToNumber } from '../lib/e164.ts';
import { insertImpression } from '../store/impression-store.ts';
import { withRepeatedTransaction } from '../store/transaction.ts';
import type { OptInStatus } from './opt-in-fields.ts';
import { recordOptIn } from './record-opt-in.ts';
import type { OptInDeps } from './take-opt-in.ts';

/** What a hosted page shows. */
export interface OptInPage {
  readonly brandName: string;
  /** Number of the list. */
  readonly number: string;
  /** What people agree to; kept with their consent. */
  readonly consentText: string;
  /** Path of the subscribe link on the host of the page. */
  readonly subscribePath: string;
  /** The word that subscribes who texts it to the number. */
  readonly keyword: string;
}

/** Who looks, as the request tells. */
export interface Visitor {
  readonly ipAddress: string | null;
  readonly userAgent: string | null;
}

/** `invalid_phone`: nothing was written down. */
export type SubmitResult = OptInStatus | 'invalid_phone';

/** Pages where people subscribe themselves. Tokens and slugs are the list's `pn_...` id, which names it and opens nothing. */
export interface OptInPages {
  /** null: no such page. */
  page(token: string, visitor: Visitor): Promise<OptInPage | null>;
  /** Somebody sent the form of a page. null: no such page. */
  submit(token: string, form: { readonly phone: string }, visitor: Visitor): Promise<SubmitResult | null>;
  /** Where a subscribe link leads: a text that is ready to be sent on a phone, elsewhere the hosted page. */
  follow(slug: string, visitor: Visitor): Promise<string | null>;
  /** The subscribe link as a QR code, SVG. */
  qrCode(slug: string): string | null;
}

export interface OptInPagesDeps extends OptInDeps {
  readonly directory: Pick<Directory, 'account' | 'list' | 'listByNumber' | 'listByV1Id'>;
  readonly publicUrl: string;
  readonly onError: (error: unknown) => void;
}

const V1_PREFIX = 'pn_';
const MAX_USER_AGENT = 2_000;

export function createOptInPages(deps: OptInPagesDeps): OptInPages {
  function find(v1Id: string): { list: List; account: Account } | undefined {
    const list = deps.directory.listByV1Id(v1Id);
    const account = list === undefined ? undefined : deps.directory.account(list.accountId);
    if (list === undefined || account === undefined) return undefined;
    return list.status === 'deleted' || account.status !== 'active' ? undefined : { list, account };
  }

  /** A page is shown also when its impression cannot be kept. */
  async function note(
    list: List,
    page: 'hosted' | 'link',
    visitor: Visitor,
    shown: Record<string, unknown>,
  ): Promise<void> {
    const impression = { listId: list.id, page, ...cut(visitor), configuration: shown };
    await insertImpression(deps.pool, impression, deps.clock()).catch(deps.onError);
  }

  return {
    async page(token, visitor) {
      const found = find(token);
      if (found === undefined) return null;
      const shown = toPage(deps.publicUrl, found);
      await note(found.list, 'hosted', visitor, { ...shown, double_opt_in: found.list.settings.doubleOptIn });
      return shown;
    },
    async submit(token, form, visitor) {
      const found = find(token);
      if (found === undefined) return null;
      const phone = normaliseV1Phone(form.phone);
      if (phone === undefined) return 'invalid_phone';
      const nowMs = deps.clock();
      const { consentText } = toPage(deps.publicUrl, found);
      const optIn = {
        ...found,
        phone: phoneToNumber(phone),
        consentMs: nowMs,
        evidence: {
          source: 'optin:hosted_page',
          url: pageUrl(deps.publicUrl, found.list),
          text: consentText,
          ...cut(visitor),
        },
        doubleOptIn: found.list.settings.doubleOptIn,
        firstName: null,
        lastName: null,
        email: null,
        customFields: {},
      };
      return (await withRepeatedTransaction(deps.pool, (transaction) => recordOptIn(deps, transaction, optIn, nowMs)))
        .status;
    },
    async follow(slug, visitor) {
      const found = find(V1_PREFIX + slug);
      if (found === undefined) return null;
      const target = isPhone(visitor.userAgent)
        ? smsUri(found.list, visitor.userAgent)
        : pageUrl(deps.publicUrl, found.list);
      await note(found.list, 'link', visitor, { target });
      return target;
    },
    qrCode(slug) {
      const found = find(V1_PREFIX + slug);
      if (found === undefined) return null;
      return toSvgSource(generate(subscribeUrl(deps.publicUrl, found.list)), { xmlDeclaration: true });
    },
  };
}

function cut({ ipAddress, userAgent }: Visitor): Visitor {
  const clean = userAgent?.toWellFormed().replaceAll('\u0000', '').slice(0, MAX_USER_AGENT) ?? null;
  return { ipAddress, userAgent: clean };
}

function toPage(publicUrl: string, { list, account }: { list: List; account: Account }): OptInPage {
  const brandName = list.brandName ?? account.settings.brandName ?? account.name;
  return {
    brandName,
    number: list.number,
    consentText:
      `I agree to get recurring texts, marketing texts too, from ${brandName} at this number. Consent is no condition of ` +
      'a purchase. Msg and data rates may apply. Reply HELP for help, STOP to end.',
    subscribePath: new URL(subscribeUrl(publicUrl, list)).pathname,
    keyword: keywordOf(list),
  };
}

function pageUrl(publicUrl: string, list: List): string {
  return `${publicUrl}/optin/page/${list.v1Id}`;
}

function subscribeUrl(publicUrl: string, list: List): string {
  return `${publicUrl}/s/${list.v1Id.slice(V1_PREFIX.length)}`;
}

function keywordOf({ settings }: List): string {
  return settings.joinKeywords[0] ?? 'START';
}

function isPhone(userAgent: string | null): boolean {
  return /Android|iPhone|iPad|iPod|Mobile/i.test(userAgent ?? '');
}

/** RFC 5724; Apple's phones want `&` before the text. */
function smsUri(list: List, userAgent: string | null): string {
  const separator = /iPhone|iPad|iPod/i.test(userAgent ?? '') ? '&' : '?';
  return `sms:${list.number}${separator}body=${encodeURIComponent(keywordOf(list))}`;
}
