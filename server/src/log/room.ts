const PAGE_BYTES = 4_096;
/** With less room than this it is measured before every group. */
const PLENTY_BYTES = 256 * 1024 * 1024;
/** Others may have appended since; in so short a time they write far less than what is plenty. */
const FRESH_MS = 100;

/** How much more a topic may hold. */
export interface Room {
  /** Measures, unless there was plenty just now. Before each group. */
  look(): void;
  /** False when a value of so many bytes is too large for what is left. */
  take(sizeBytes: number): boolean;
}

/** @param measure bytes that are left; takes some 15 µs, which is much for a group of single sends */
export function createRoom(measure: () => number): Room {
  let leftBytes = 0;
  let measuredMs = 0;
  return {
    look() {
      const nowMs = performance.now();
      if (leftBytes > PLENTY_BYTES && nowMs - measuredMs < FRESH_MS) return;
      leftBytes = measure();
      measuredMs = nowMs;
    },
    take(sizeBytes) {
      if (sizeBytes > leftBytes) return false;
      leftBytes -= sizeBytes;
      // What the pages of the value hold beside it counts once there is little left, so exactly that is measured then.
      if (leftBytes > PLENTY_BYTES) leftBytes -= PAGE_BYTES;
      return true;
    },
  };
}
