import type { Account, Directory } from '../accounts/index.ts';
import { numberToPhone } from '../lib/e164.ts';
import { phoneFacts, timeZonesOf } from '../phone/index.ts';
import type { ContactViewRow } from '../store/contact-view-store.ts';

/* The JSON of contacts, as contact-schemas.ts describes it. */

/** What reading a contact needs to know beside its row. */
export interface ViewContext {
  readonly account: Account;
  readonly directory: Pick<Directory, 'list'>;
}

/** A row of `GET /api/v2/contacts`. */
export function toContactRow(row: ContactViewRow, context: ViewContext): Record<string, unknown> {
  return {
    ...toPhoneView(row, context),
    ...toMembership(row, context),
    last_revenue_at: null,
    ad_network_source: row.adNetworkSource,
    ad_network_id: row.adNetworkId,
  };
}

/** What is the same on all lists of the account. */
export function toPhoneView(row: ContactViewRow, { account }: ViewContext) {
  const facts = row.isValid === null ? phoneFacts(row.phone) : undefined;
  const zones = timeZonesOf(row.phone);
  return {
    phone_number: numberToPhone(row.phone),
    carrier: row.carrier,
    line_type: row.lineType ?? facts?.lineType ?? 'UNKNOWN',
    timezone: toZone(row.timezone, zones, account),
    is_valid: row.isValid ?? facts?.isValid ?? false,
    timezones: zones,
    state: row.state ?? facts?.state ?? null,
    validation_status: row.validationStatus,
    on_dnc: row.onDnc,
    contact_id: row.contactId,
    email: row.email,
    first_name: row.firstName,
    last_name: row.lastName,
  };
}

/** The zone that was given, else the only one of the number, else the account's. */
export function toZone(explicit: string | null, zones: readonly string[], account: Account): string | null {
  if (explicit !== null) return explicit;
  return zones.length === 1 ? (zones[0] ?? null) : account.settings.timezone;
}

/** One subscription. Clicks, revenue and journeys have no counts yet. */
export function toMembership(row: ContactViewRow, { directory }: ViewContext) {
  return {
    list_id: row.listId,
    list_number: directory.list(row.listId)?.number ?? '',
    active: row.active,
    signup_date: toTime(row.signupMs),
    custom_fields: row.customFields,
    send_count: row.sendCount,
    click_count: 0,
    revenue_total: 0,
    conversion_count: 0,
    last_sent_at: toTime(row.lastSentMs),
    last_clicked_at: null,
    signup_method: row.signupMethod,
    in_workflow: false,
    unsubscribed_at: toTime(row.unsubscribedMs),
    unsubscribe_reason: row.reason,
    list_contact_id: row.id,
  };
}

export function toTime(atMs: number | null): string | null {
  return atMs === null ? null : new Date(atMs).toISOString();
}
