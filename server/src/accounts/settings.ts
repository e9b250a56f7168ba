import { Type } from 'typebox';
import { defaultBlockedWords } from '../compliance/index.ts';
import {
  booleanKind,
  createFieldTable,
  customKind,
  enumKind,
  integerKind,
  isCleanJson,
  isCleanText,
  isPlainObject,
  textKind,
  type Field,
  type FieldKind,
  type Row,
} from '../lib/fields.ts';
import { isHost } from '../lib/host-name.ts';
import { isTimeZone } from '../lib/time-zone.ts';
import type { Account } from './directory-types.ts';
import { type SETTING_DEFAULTS, withSettingDefaults } from './settings-defaults.ts';

const MAX_NAME_LENGTH = 100;
const MAX_AFFIX_LENGTH = 200;
const MAX_DOMAIN_LENGTH = 253;
const MAX_WORDS = 1_000;
const MAX_WORD_LENGTH = 100;
const MAX_COUNTRIES = 250;
const hostKind: FieldKind = customKind(
  Type.Union([Type.String({ maxLength: MAX_DOMAIN_LENGTH }), Type.Null()]),
  (value) => typeof value === 'string' && isHost(value),
);

const zoneKind: FieldKind = customKind(
  Type.Union([Type.String({ examples: ['America/Chicago'] }), Type.Null()]),
  (value) => typeof value === 'string' && isTimeZone(value),
);

const countriesKind: FieldKind = customKind(
  Type.Array(Type.String({ pattern: '^[A-Z]{2}$' }), { maxItems: MAX_COUNTRIES }),
  (value) => isArrayOf(value, MAX_COUNTRIES, (item) => /^[A-Z]{2}$/.test(item)),
);

const wordsKind: FieldKind = customKind(
  Type.Array(Type.String({ minLength: 1, maxLength: MAX_WORD_LENGTH }), { maxItems: MAX_WORDS }),
  (value) =>
    isArrayOf(value, MAX_WORDS, (word) => word.trim() !== '' && word.length <= MAX_WORD_LENGTH && isCleanText(word)),
);

function isArrayOf(value: unknown, maxItems: number, isItem: (text: string) => boolean): boolean {
  return (
    Array.isArray(value) && value.length <= maxItems && value.every((item) => typeof item === 'string' && isItem(item))
  );
}

const amountKind: FieldKind = customKind(
  Type.Number({ minimum: 0 }),
  (value) => typeof value === 'number' && Number.isFinite(value) && value >= 0,
);

const tuneKind: FieldKind = customKind(
  Type.Union([Type.Record(Type.String(), Type.Unknown()), Type.Null()]),
  (value) => isPlainObject(value) && isCleanJson(value),
);

const rotateKind: FieldKind = customKind(Type.Literal(true), (value) => value === true);

type WritableSetting = Exclude<
  keyof typeof SETTING_DEFAULTS,
  'billing_enforced' | 'billing_state' | 'products' | 'price_per_segment_tiers' | 'lookup_price' | 'platform_fee'
>;

function setting(name: WritableSetting | 'rotate_postback_secret', kind: FieldKind, description: string): Field {
  return { name, kind, description, invalid: `invalid_${name}` };
}

/** What `PUT /api/v2/settings` takes, in the order of the contract. Defaults are in settings-defaults.ts. */
export const settingFields = createFieldTable([
  setting(
    'brand_name',
    textKind({ maxLength: MAX_NAME_LENGTH }),
    'Value of {{brand_name}}; default: name of the account.',
  ),
  setting(
    'support_contact',
    textKind({ maxLength: MAX_NAME_LENGTH }),
    'Shown in the answer to HELP; default: e-mail of the owner.',
  ),
  setting('timezone', zoneKind, 'IANA zone for schedules and quiet hours.'),
  setting('prepend', textKind({ maxLength: MAX_AFFIX_LENGTH }), 'Text before the body.'),
  setting('append', textKind({ maxLength: MAX_AFFIX_LENGTH }), 'Text behind the body.'),
  setting('default_filter_bots', booleanKind(false), 'Bot filter of new offers and of links without an offer.'),
  setting('bot_filter_page', enumKind(['suspects', 'everyone']), 'Who sees the page that stops bots.'),
  setting('bad_countries', countriesKind, 'ISO 3166-1 codes whose clicks the bot filter doubts.'),
  setting('blocked_words', wordsKind, 'Messages with one of these words are dropped; default: the built-in list.'),
  setting(
    'dedupe_window_seconds',
    integerKind(0, 86_400),
    'The same text to the same recipient within it is dropped; 0: never.',
  ),
  setting('optout_scope', enumKind(['list', 'account']), 'How far an opt-out reaches.'),
  setting('abuse_words_mode', enumKind(['stop', 'label']), 'Whether abuse words in a reply opt out.'),
  setting('soft_failure_threshold', integerKind(1, 20), 'Soft failures in a row that end a subscription.'),
  setting('shortener_domain', hostKind, 'Host of short links of lists that have none.'),
  setting('click_domain', hostKind, 'Host of click links of lists that have none.'),
  setting('rotate_postback_secret', rotateKind, 'true makes a new postback_secret.'),
  setting('require_postback_secret', booleanKind(false), 'Conversions need the secret.'),
  setting('thompson_mode', enumKind(['thompson_single_step', 'thompson_two_step']), 'How automated schedules choose.'),
  setting('thompson_payout_floor', amountKind, 'Least payout that automated schedules assume, USD.'),
  setting('thompson_window_days', integerKind(1, 365), 'Days that automated schedules look back.'),
  setting('tune', tuneKind, 'Connection to TUNE.'),
]);

/** Settings for which null is a value of its own. */
export const NULLABLE_SETTINGS: ReadonlySet<string> = new Set(['timezone', 'shortener_domain', 'click_domain', 'tune']);

/** All settings as the API shows them: what was stored, else the default. */
export function toSettingsView(account: Account, stored: Row): Record<string, unknown> {
  const {
    brand_name: brandName,
    support_contact: supportContact,
    blocked_words: words,
    ...rest
  } = withSettingDefaults(stored);
  return {
    brand_name: brandName ?? account.name,
    support_contact: supportContact ?? account.ownerEmail,
    blocked_words: words ?? defaultBlockedWords,
    ...rest,
  };
}
