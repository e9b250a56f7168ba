/** What a person can do about our words and the codes of the network. */
const ADVICE: Readonly<Record<string, string>> = {
  REJECTED_CREDENTIALS: 'the carrier does not know us by these credentials; enter others with `trackly lists set`.',
  REJECTED_SENDER: 'the carrier does not let us send from this number; see that it is registered for SMS there.',
  REJECTED_DESTINATION: 'the carrier takes the recipient for no mobile number.',
  REJECTED_OPTED_OUT: 'the carrier holds an opt-out of the recipient.',
  REJECTED_CONTENT: 'the carrier refuses the text or the form of the request.',
  REJECTED_ROUTE: 'the carrier does not send to this country or network for us.',
  REJECTED_CREDIT: 'there is no credit at the carrier.',
  REJECTED_QUOTA: 'the limit of the account or campaign at the carrier is used up.',
  REJECTED_ABSENT_SUBSCRIBER: 'the handset is off or away.',
  THROTTLED: 'the carrier says that this is too fast; lower `send_rate_per_minute`.',
  CARRIER_UNAVAILABLE: 'the carrier could not be reached.',
  webhook_not_configured: 'the list is not verified yet.',
  inactive_list: 'the list is not active.',
  duplicate: 'the same text went to the recipient a moment ago.',
  unsubscribed: 'the recipient has unsubscribed from this list.',
  ECONNREFUSED: 'nobody listens at the address of the carrier.',
  ECONNRESET: 'the carrier closed the connection.',
  ENOTFOUND: 'the host of the carrier is not known; see `base_url` and the name server.',
  EAI_AGAIN: 'the name server does not answer.',
  ETIMEDOUT: 'the carrier does not answer; see `base_url` and the firewall.',
  EHOSTUNREACH: 'there is no way to the host of the carrier.',
  UND_ERR_CONNECT_TIMEOUT: 'no connection in time; see `base_url` and the firewall.',
  connect_timeout: 'no connection in time; see `base_url` and the firewall.',
  timeout: 'no answer in time.',
  unreadable_answer: 'the answer cannot be read; see that `base_url` is the carrier.',
  DEPTH_ZERO_SELF_SIGNED_CERT: 'the certificate of the host is its own; it is not trusted.',
  SELF_SIGNED_CERT_IN_CHAIN: 'the certificate of the host is not trusted.',
  UNABLE_TO_VERIFY_LEAF_SIGNATURE: 'the certificate of the host cannot be verified.',
  CERT_HAS_EXPIRED: 'the certificate of the host has expired.',
  ERR_TLS_CERT_ALTNAME_INVALID: 'the certificate belongs to another host.',
};

/** One sentence on a word of ours or a code of the network; the code itself when nothing is known of it. */
export function explainDetail(detail: string | null): string {
  if (detail === null) return 'no reason was given.';
  return `${ADVICE[detail] ?? 'see the documentation of the carrier.'} (${detail})`;
}
