import { createCodeTable, meaningOf, type CodeMeaning } from '../code-table.ts';
import { objectIn, textIn, type JsonObject } from '../http-road/read-json.ts';

/**
 * Infobip's status names in our words (https://www.infobip.com/docs/essentials/api-essentials/response-status-and-error-codes).
 * Numeric ids are not looked at: those that the reference lists differ from those that arrive.
 */
export const INFOBIP_STATUSES = createCodeTable([
  ['REJECTED_OPERATOR', 'passing', ['UNDELIVERABLE_REJECTED_OPERATOR', 'REJECTED_OPERATOR']],
  ['UNDELIVERABLE_NOT_DELIVERED', 'passing', ['UNDELIVERABLE_NOT_DELIVERED', 'UNDELIVERABLE_NOT_SENT']],
  ['REJECTED_ABSENT_SUBSCRIBER', 'passing', ['REJECTED_ABSENT_SUBSCRIBER']],
  ['REJECTED_DESTINATION', 'permanent', ['REJECTED_DESTINATION', 'REJECTED_PREFIX_MISSING', 'MISSING_TO']],
  ['REJECTED_ROUTE', 'permanent', ['REJECTED_DESTINATION_NOT_REGISTERED']],
  ['REJECTED_SPAM', 'permanent', ['REJECTED_SPAM']],
  ['REJECTED_OPTED_OUT', 'permanent', ['REJECTED_DND', 'REJECTED_DESTINATION_BLOCKLISTED']],
  ['REJECTED_SENDER', 'permanent', ['REJECTED_SOURCE', 'REJECTED_SENDER']],
  ['REJECTED_ROUTE', 'permanent', ['REJECTED_NETWORK', 'REJECTED_ROUTE_NOT_AVAILABLE', 'SIGNALS_BLOCKED']],
  ['REJECTED_CREDIT', 'passing', ['REJECTED_NOT_ENOUGH_CREDITS', 'REJECTED_PREPAID_PACKAGE_EXPIRED']],
  ['THROTTLED', 'temporary', ['REJECTED_FLOODING_FILTER']],
  ['REJECTED_SYSTEM_ERROR', 'passing', ['REJECTED_SYSTEM_ERROR', 'UNDELIVERABLE_REJECTED_PLATFORM']],
  ['REJECTED_DUPLICATE', 'passing', ['REJECTED_DUPLICATE_MESSAGE_ID', 'REJECTED_DUPLICATE']],
  ['REJECTED_CONTENT', 'permanent', ['REJECTED_INVALID_UDH', 'REJECTED_MESSAGE_TOO_LONG']],
]);

/** Names of errors that say more than the status. */
export const INFOBIP_ERRORS = createCodeTable([
  [
    'REJECTED_OPTED_OUT',
    'permanent',
    ['EC_CONTENT_BLOCKED', 'EC_BLOCKED_BY_CAMPAIGN_BLACKLIST', 'EC_BLACKLISTED_DESTINATIONADDRESS'],
  ],
  [
    'REJECTED_DESTINATION',
    'permanent',
    ['EC_DEACTIVATED_LIST', 'EC_INVALID_REQUEST_DESTINATION', 'EC_DEST_ADDRESS_UNABLE_TO_RECEIVE_SMS'],
  ],
  ['REJECTED_CONTENT', 'permanent', ['EC_REJECTED_SPAM_BY_OPERATOR', 'EC_MSG_TEXT_TOO_LONG']],
  ['REJECTED_QUOTA', 'passing', ['EC_LIMIT_REACHED', 'EC_QUOTA_REACHED', 'EC_10DLC_LIMIT_REACHED']],
  [
    'REJECTED_SENDER',
    'permanent',
    ['EC_CAMPAIGNID_NOT_PROVISIONED', 'EC_INVALID_SOURCE_ADDRESS', 'EC_BLACKLISTED_SENDERADDRESS'],
  ],
  ['EXPIRED', 'passing', ['EC_VALIDITY_EXPIRED', 'EC_MESSAGE_CANCELED']],
]);

const ABSENT_SUBSCRIBER: CodeMeaning = { detail: 'REJECTED_ABSENT_SUBSCRIBER', permanent: false, temporary: false };

export type InfobipStatus =
  | { readonly kind: 'pending' | 'delivered' | 'delivered_to_operator' }
  /** `rejected`: before it was sent on, so that a receipt of it is a failure of the submit. */
  | { readonly kind: 'undelivered' | 'rejected'; readonly meaning: CodeMeaning; readonly code: string };

type Group = 'pending' | 'undelivered' | 'delivered' | 'expired' | 'rejected';

/** Groups by name, and by the number that stands for it. */
const GROUPS: ReadonlyMap<string, Group> = new Map([
  ['PENDING', 'pending'],
  ['1', 'pending'],
  ['UNDELIVERABLE', 'undelivered'],
  ['2', 'undelivered'],
  ['DELIVERED', 'delivered'],
  ['3', 'delivered'],
  ['EXPIRED', 'expired'],
  ['4', 'expired'],
  ['REJECTED', 'rejected'],
  ['5', 'rejected'],
]);

/**
 * What the `status` and `error` of an answer, a receipt or a log row say; undefined when the status is of no known group.
 * By name, then by group; an error with a known name says more than a status.
 */
export function readInfobipStatus(row: JsonObject): InfobipStatus | undefined {
  const status = objectIn(row, 'status');
  const name = textIn(status, 'name');
  const group = groupOf(status, name);
  if (group === undefined) return undefined;
  if (group === 'pending') return { kind: 'pending' };
  if (group === 'delivered') return { kind: name === 'DELIVERED_TO_OPERATOR' ? 'delivered_to_operator' : 'delivered' };
  const error = objectIn(row, 'error');
  const [meaning, code] = findMeaning(group, name, textIn(error, 'name'));
  const permanent = typeof error['permanent'] === 'boolean' ? error['permanent'] : meaning.permanent;
  return { kind: group === 'rejected' ? 'rejected' : 'undelivered', meaning: { ...meaning, permanent }, code };
}

/** Most names begin with that of their group; where one does not, the group itself is told. */
function groupOf(status: JsonObject, name: string | null): Group | undefined {
  const said = [name?.split('_', 1)[0], textIn(status, 'groupName'), textIn(status, 'groupId')];
  return said.map((word) => GROUPS.get(word ?? '')).find((group) => group !== undefined);
}

function findMeaning(
  group: 'undelivered' | 'expired' | 'rejected',
  name: string | null,
  error: string | null,
): [CodeMeaning, string] {
  if (error !== null) {
    const known = error.startsWith('EC_ABSENT_SUBSCRIBER') ? ABSENT_SUBSCRIBER : INFOBIP_ERRORS.get(error);
    if (known !== undefined) return [known, error];
  }
  const code = name ?? group.toUpperCase();
  if (group === 'rejected') return [meaningOf(INFOBIP_STATUSES, code), code];
  const known = INFOBIP_STATUSES.get(code);
  const detail = group === 'expired' ? 'EXPIRED' : 'UNDELIVERABLE_NOT_DELIVERED';
  return [known ?? { detail, permanent: false, temporary: false }, code];
}
