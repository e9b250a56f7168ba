/** What a single call may say beside its input. */
export interface CallOptions {
  /** Ends the call early. */
  readonly signal?: AbortSignal;
  /** For one try, in milliseconds; default: that of the client. */
  readonly timeoutMs?: number;
  /**
   * For POST: repeats with the same key give the first answer again. Sends get a random one when none is given; null:
   * none, and then a send is never retried.
   */
  readonly idempotencyKey?: string | null;
}
