/** After RTHROTTLED or RMSGQFUL the rate is this share of what it was. */
const BACK_OFF = 0.7;
/** Then it grows by this share a step, up to what was asked for. */
const GROWTH = 1.05;
const GROWTH_STEP_MS = 10_000;
/** Answers to what was on its way when the rate was cut do not cut it again. */
const BACK_OFF_PAUSE_MS = 1_000;
const LOWEST_PER_SECOND = 0.1;
/** What may be sent at once after a pause: what is due in this time, and one at least. */
const BURST_MS = 100;

/** A token bucket that gives way when the peer throttles. Times are milliseconds of one steady clock. */
export class RateLimit {
  readonly #wantedPerSecond: number;
  #perSecond: number;
  #tokens: number;
  #filledAtMs: number;
  #growsAtMs = Infinity;
  #backedOffAtMs = -Infinity;
  /** What was taken since, to know the rate when none was set. */
  #taken = 0;
  #countedFromMs: number;

  /** @param perSecond Infinity: no limit until the peer throttles */
  constructor(perSecond: number, nowMs: number) {
    this.#wantedPerSecond = perSecond;
    this.#perSecond = perSecond;
    this.#tokens = burstOf(perSecond);
    this.#filledAtMs = nowMs;
    this.#countedFromMs = nowMs;
  }

  /** Messages a second that are allowed now. */
  get perSecond(): number {
    return this.#perSecond;
  }

  /** How many parts may go now. */
  available(nowMs: number): number {
    this.#grow(nowMs);
    if (this.#perSecond === Infinity) return Infinity;
    const filled = this.#tokens + ((nowMs - this.#filledAtMs) / 1_000) * this.#perSecond;
    this.#tokens = Math.min(burstOf(this.#perSecond), filled);
    this.#filledAtMs = nowMs;
    return Math.floor(this.#tokens);
  }

  take(count: number): void {
    this.#taken += count;
    this.#tokens -= count;
  }

  /** Until one more may go. */
  waitMs(): number {
    return Math.max(1, Math.ceil(((1 - this.#tokens) / this.#perSecond) * 1_000));
  }

  /** The peer said that it is too much. At most once a second counts. */
  backOff(nowMs: number): void {
    if (nowMs - this.#backedOffAtMs < BACK_OFF_PAUSE_MS) return;
    this.#backedOffAtMs = nowMs;
    const current = this.#perSecond === Infinity ? this.#measuredPerSecond(nowMs) : this.#perSecond;
    this.#perSecond = Math.max(LOWEST_PER_SECOND, current * BACK_OFF);
    this.#tokens = 0;
    this.#filledAtMs = nowMs;
    this.#growsAtMs = nowMs + GROWTH_STEP_MS;
  }

  #grow(nowMs: number): void {
    while (nowMs >= this.#growsAtMs && this.#perSecond < this.#wantedPerSecond) {
      this.#perSecond = Math.min(this.#wantedPerSecond, this.#perSecond * GROWTH);
      this.#growsAtMs += GROWTH_STEP_MS;
    }
    if (nowMs - this.#countedFromMs > GROWTH_STEP_MS) {
      this.#countedFromMs = nowMs;
      this.#taken = 0;
    }
  }

  #measuredPerSecond(nowMs: number): number {
    return (this.#taken / Math.max(1_000, nowMs - this.#countedFromMs)) * 1_000;
  }
}

function burstOf(perSecond: number): number {
  return Math.max(1, (perSecond * BURST_MS) / 1_000);
}
