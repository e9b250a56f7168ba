import type { AccountSettings, BillingProblem } from './directory-types.ts';

const MICROS = 1_000_000;
const BILLING_PROBLEMS = ['no_billing_config', 'no_payment_method', 'payment_failed', 'suspended'] as const;

/** Settings of a new account under their names in the API (conventions.md 15 of the contract). */
export const SETTING_DEFAULTS = {
  brand_name: null,
  support_contact: null,
  timezone: null,
  prepend: '{{brand_name}}: ',
  append: ' Reply stop to stop. Help for help.',
  default_filter_bots: false,
  bot_filter_page: 'suspects',
  bad_countries: [],
  blocked_words: null,
  dedupe_window_seconds: 300,
  optout_scope: 'list',
  abuse_words_mode: 'stop',
  soft_failure_threshold: 3,
  shortener_domain: null,
  click_domain: null,
  require_postback_secret: false,
  thompson_mode: 'thompson_single_step',
  thompson_payout_floor: 20,
  thompson_window_days: 30,
  tune: null,
  billing_enforced: false,
  billing_state: null,
  products: ['sms', 'partnerships'],
  price_per_segment_tiers: [
    { up_to: 1_000_000, price: 0.0045 },
    { up_to: null, price: 0.003 },
  ],
  lookup_price: 0.003,
  platform_fee: 19.99,
} as const;

/** Stored settings hold what was changed; the rest is the default. */
export function withSettingDefaults(stored: Readonly<Record<string, unknown>>): Record<string, unknown> {
  return { ...SETTING_DEFAULTS, ...stored };
}

/** What the path of a message needs of the stored settings of an account. */
export function toAccountSettings(stored: Readonly<Record<string, unknown>>): AccountSettings {
  const settings = withSettingDefaults(stored) as unknown as StoredSettings;
  return {
    brandName: settings.brand_name,
    supportContact: settings.support_contact,
    timezone: settings.timezone,
    prepend: settings.prepend,
    append: settings.append,
    blockedWords: settings.blocked_words,
    dedupeWindowSeconds: settings.dedupe_window_seconds,
    optoutScope: settings.optout_scope,
    abuseWordsMode: settings.abuse_words_mode,
    softFailureThreshold: settings.soft_failure_threshold,
    shortenerDomain: settings.shortener_domain,
    clickDomain: settings.click_domain,
    pricePerSegmentMicros: Math.round((settings.price_per_segment_tiers[0]?.price ?? 0) * MICROS),
    lookupPriceMicros: Math.round(settings.lookup_price * MICROS),
    smsEnabled: settings.products.includes('sms'),
    billingProblem: settings.billing_enforced ? toBillingProblem(settings.billing_state) : null,
  };
}

/** An account whose billing was never set up has no state. */
function toBillingProblem(state: string | null): BillingProblem | null {
  if (state === null) return 'no_billing_config';
  return BILLING_PROBLEMS.find((problem) => problem === state) ?? null;
}

interface StoredSettings {
  readonly brand_name: string | null;
  readonly support_contact: string | null;
  readonly timezone: string | null;
  readonly prepend: string;
  readonly append: string;
  readonly blocked_words: readonly string[] | null;
  readonly dedupe_window_seconds: number;
  readonly optout_scope: 'list' | 'account';
  readonly abuse_words_mode: 'stop' | 'label';
  readonly soft_failure_threshold: number;
  readonly shortener_domain: string | null;
  readonly click_domain: string | null;
  readonly products: readonly string[];
  readonly billing_enforced: boolean;
  readonly billing_state: string | null;
  readonly lookup_price: number;
  readonly price_per_segment_tiers: readonly { readonly up_to: number | null; readonly price: number }[];
}
