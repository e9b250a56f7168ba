import type { Clock } from './clock.ts';

export interface CircuitBreakerOptions {
  readonly clock: Clock;
  /** Connection failures in a row that open it. */
  readonly failureLimit?: number;
  readonly openMs?: number;
}

export interface CircuitBreaker {
  /**
   * Whether a call may go now. Closed: always. Open: no. After the open time: yes once, for the probe, and no until that
   * reported; a probe that never reports is given up after another open time.
   */
  admit(): boolean;
  /** The peer answered, whatever it said: closes. */
  succeed(): void;
  /** The connection failed, so that nothing reached the peer. */
  fail(): void;
  /** Milliseconds until `admit` can answer yes; 0: now. */
  msUntilAdmit(): number;
}

/**
 * Stops calls to a peer that cannot be reached: 5 connection failures in a row open it for 30 s, then one probe goes.
 * A failed probe opens it again. Failures of calls that were under way when it opened do not make it longer.
 */
export function createCircuitBreaker(options: CircuitBreakerOptions): CircuitBreaker {
  const { clock, failureLimit = 5, openMs = 30_000 } = options;
  let failures = 0;
  let nextProbeMs = 0;
  let probing = false;

  function open(): void {
    nextProbeMs = clock() + openMs;
    probing = false;
  }

  return {
    admit() {
      if (failures < failureLimit) return true;
      if (clock() < nextProbeMs) return false;
      open();
      probing = true;
      return true;
    },
    succeed() {
      failures = 0;
      probing = false;
    },
    fail() {
      failures++;
      if (failures === failureLimit || probing) open();
    },
    msUntilAdmit: () => (failures < failureLimit ? 0 : Math.max(0, nextProbeMs - clock())),
  };
}
