import { Type } from 'typebox';
import type { ListSettings } from '../accounts/index.ts';
import { countryOf, isCountryCode } from '../lib/e164.ts';
import { isHost } from '../lib/host-name.ts';
import {
  booleanKind,
  customKind,
  enumKind,
  type FieldKind,
  integerKind,
  isCleanJson,
  isCleanText,
  isPlainObject,
  textKind,
} from '../lib/fields.ts';
import { isTimeZone } from '../lib/time-zone.ts';

interface ListSetting {
  readonly kind: FieldKind;
  /** `country` has none: it follows the number. */
  readonly byDefault: unknown;
  readonly nullable: boolean;
  readonly description: string;
}

const AFFIX = textKind({ maxLength: 200 });
const REPLY = textKind({ maxLength: 320 });
const HOST = customKind(Type.String(), (value) => typeof value === 'string' && isHost(value));
const COUNTRY = customKind(Type.String({ pattern: '^[A-Z]{2}$' }), isCountry);
/** Of arrays. */
const MAX_ITEMS = 100;
const MAX_WORD_LENGTH = 160;
const WORDS = customKind(
  Type.Array(Type.String({ minLength: 1, maxLength: MAX_WORD_LENGTH }), { maxItems: MAX_ITEMS }),
  isTextArray,
);
const BUDGETS = customKind(Type.Array(Type.Record(Type.String(), Type.Unknown()), { maxItems: MAX_ITEMS }), isBudgets);

/** All settings of a list (lists.md 5 of the contract) with their checks and defaults. null: as the account, or built in. */
export const LIST_SETTINGS = {
  send_rate_per_minute: own(integerKind(1, 1_000_000), 17_000, 'Messages that leave in a minute at the most'),
  stale_minutes: own(integerKind(1, 1_440), 30, 'A message that waited longer is dropped'),
  prepend: inherited(AFFIX, "Text before the body; null: the account's"),
  append: inherited(AFFIX, "Text behind the body; null: the account's"),
  affixes: own(enumKind(['all', 'marketing', 'none']), 'marketing', 'Which messages get the two'),
  reply_stop: inherited(REPLY, 'Answer to an opt-out; null: built in'),
  reply_help: inherited(REPLY, 'Answer to HELP; null: built in'),
  reply_start: inherited(REPLY, 'Answer to START; null: built in'),
  auto_reply: own(
    enumKind(['auto', 'always', 'never']),
    'auto',
    'Who answers keywords: auto leaves to the network what it answers itself',
  ),
  join_keywords: own(WORDS, [], 'Words that subscribe'),
  double_opt_in: own(booleanKind(), false, 'Who joins is asked for a YES first'),
  quiet_hours: own(booleanKind(), true, 'Marketing keeps the hours of the law'),
  quiet_hours_mode: own(enumKind(['hold', 'cancel']), 'hold', 'What becomes of a message in quiet hours'),
  dedupe_window_seconds: inherited(
    integerKind(0, 86_400),
    "The same text goes to a number once in so long; 0: no look; null: the account's",
  ),
  reject_voip: own(booleanKind(), false, 'New contacts with an internet line are refused'),
  optout_scope: inherited(enumKind(['list', 'account']), "What an opt-out ends; null: the account's"),
  smart_encoding: own(booleanKind(), false, 'Look-alikes in the place of characters outside the GSM alphabet'),
  validity_minutes: own(integerKind(1, 2_880), 240, 'How long the carrier tries'),
  shortener_domain: inherited(HOST, "Host of short links; null: the account's"),
  click_domain: inherited(HOST, "Host of clicks; null: the account's"),
  in_doubt_resubmit: own(
    booleanKind(),
    false,
    'A transactional message in doubt goes again once, where the carrier removes duplicates',
  ),
  budgets: own(BUDGETS, [], 'Limits of the sender'),
  country: own(COUNTRY, undefined, 'Decides affixes and quiet hours; default from the number'),
} as const satisfies Record<string, ListSetting>;

export type ListSettingName = keyof typeof LIST_SETTINGS;

/** All settings of a list under their names in the API. */
export type ListSettingsView = Readonly<Record<ListSettingName, unknown>>;

/** What is wrong with settings that shall be stored (null: back to the default); undefined: nothing. */
export function findSettingError(settings: Readonly<Record<string, unknown>>, nowMs: number): string | undefined {
  for (const [name, value] of Object.entries(settings)) {
    const setting = settingOf(name);
    if (setting === undefined) return `There is no list setting ${name}`;
    if (value !== null && (value === undefined || !setting.kind.isValid(value, nowMs))) {
      return `${name} must match ${JSON.stringify(setting.kind.schema)}`;
    }
  }
  return undefined;
}

/** Stored settings hold what was changed; the rest is the default. `number`: E.164 or short code, for the country. */
export function withListDefaults(stored: Readonly<Record<string, unknown>>, number: string): ListSettingsView {
  const view: Record<string, unknown> = {};
  for (const [name, setting] of Object.entries(LIST_SETTINGS)) view[name] = stored[name] ?? setting.byDefault;
  view['country'] ??= countryOf(number);
  return view as Record<ListSettingName, unknown>;
}

/** What the path of a message needs of the stored settings of a list. */
export function toListSettings(stored: Readonly<Record<string, unknown>>, number: string): ListSettings {
  const settings = withListDefaults(stored, number) as unknown as CheckedSettings;
  return {
    sendRatePerMinute: settings.send_rate_per_minute,
    staleMinutes: settings.stale_minutes,
    prepend: settings.prepend,
    append: settings.append,
    affixes: settings.affixes,
    dedupeWindowSeconds: settings.dedupe_window_seconds,
    optoutScope: settings.optout_scope,
    replyStop: settings.reply_stop,
    replyHelp: settings.reply_help,
    replyStart: settings.reply_start,
    autoReply: settings.auto_reply,
    joinKeywords: settings.join_keywords,
    doubleOptIn: settings.double_opt_in,
    quietHours: settings.quiet_hours,
    quietHoursMode: settings.quiet_hours_mode,
    smartEncoding: settings.smart_encoding,
    validityMinutes: settings.validity_minutes,
    shortenerDomain: settings.shortener_domain,
    clickDomain: settings.click_domain,
    inDoubtResubmit: settings.in_doubt_resubmit,
    rejectVoip: settings.reject_voip,
    country: settings.country,
  };
}

/** The form that `findSettingError` lets into the database. */
interface CheckedSettings {
  readonly send_rate_per_minute: number;
  readonly stale_minutes: number;
  readonly prepend: string | null;
  readonly append: string | null;
  readonly affixes: 'all' | 'marketing' | 'none';
  readonly dedupe_window_seconds: number | null;
  readonly optout_scope: 'list' | 'account' | null;
  readonly reply_stop: string | null;
  readonly reply_help: string | null;
  readonly reply_start: string | null;
  readonly auto_reply: 'auto' | 'always' | 'never';
  readonly join_keywords: readonly string[];
  readonly double_opt_in: boolean;
  readonly quiet_hours: boolean;
  readonly quiet_hours_mode: 'hold' | 'cancel';
  readonly smart_encoding: boolean;
  readonly validity_minutes: number;
  readonly shortener_domain: string | null;
  readonly click_domain: string | null;
  readonly in_doubt_resubmit: boolean;
  readonly reject_voip: boolean;
  readonly country: string;
}

function own(kind: FieldKind, byDefault: unknown, description: string): ListSetting {
  return { kind, byDefault, nullable: false, description };
}

function inherited(kind: FieldKind, description: string): ListSetting {
  return { kind, byDefault: null, nullable: true, description };
}

function settingOf(name: string): ListSetting | undefined {
  return Object.hasOwn(LIST_SETTINGS, name) ? LIST_SETTINGS[name as ListSettingName] : undefined;
}

function isCountry(value: unknown): boolean {
  return typeof value === 'string' && isCountryCode(value);
}

function isTextArray(value: unknown): boolean {
  return Array.isArray(value) && value.length <= MAX_ITEMS && value.every(isWord);
}

function isWord(value: unknown): boolean {
  return typeof value === 'string' && value.trim() !== '' && value.length <= MAX_WORD_LENGTH && isCleanText(value);
}

/** lifecycle.md 5 of the contract. */
function isBudgets(value: unknown): boolean {
  return Array.isArray(value) && value.length <= MAX_ITEMS && value.every(isBudget);
}

function isBudget(value: unknown): boolean {
  if (!isPlainObject(value) || !isCleanJson(value)) return false;
  const { name, unit, limit, per, scope, reset_zone: zone, carriers } = value;
  return (
    typeof name === 'string' &&
    (unit === 'message' || unit === 'segment') &&
    Number.isInteger(limit) &&
    Number(limit) >= 0 &&
    (per === 'minute' || per === 'day') &&
    (scope === 'list' || scope === 'account') &&
    (zone === undefined || (typeof zone === 'string' && isTimeZone(zone))) &&
    (carriers === undefined || isTextArray(carriers))
  );
}
