/** Lengths of time that nobody needs to set, and that tests of faults make short. */
export interface Limits {
  /** Of a claim and of a submitting mark. */
  readonly workLeaseMs?: number;
  /** Of this process's share of the lists and of the log. */
  readonly shareLeaseMs?: number;
  /** Within which the headers of a request, and all of it, must have arrived. */
  readonly headersTimeoutMs?: number;
  readonly requestTimeoutMs?: number;
}
