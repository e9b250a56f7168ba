import { randomBytes } from 'node:crypto';
import type { TwinMessage, TwinSubmit } from './twin-dialect.ts';

/** What a twin saw and took: the judge of doubles. */
export interface TwinBooks {
  /** Submits of single messages, refused and repeated ones too. */
  readonly submits: number;
  /** Messages that were taken, each own id once. */
  readonly messages: number;
  /** Times that an own id was taken which had been taken before. */
  readonly doubles: number;
  /** Times that a carrier which de-duplicates refused an own id. */
  readonly repeats: number;
  findByOwnId(ownId: string): TwinMessage | undefined;
  all(): Iterable<TwinMessage>;
}

export interface OpenTwinBooks extends TwinBooks {
  noteSubmit(): void;
  /** undefined: taken before, by a carrier that de-duplicates. */
  take(submit: TwinSubmit, atMs: number, deduplicates: boolean): TwinMessage | undefined;
  /** How often it was turned away so far; counts this time. */
  countThrottle(ownId: string): number;
  throttled(ownId: string): number;
}

export function createTwinBooks(): OpenTwinBooks {
  const byOwnId = new Map<string, TwinMessage>();
  const throttles = new Map<string, number>();
  const counts = { submits: 0, doubles: 0, repeats: 0 };
  return {
    get submits() {
      return counts.submits;
    },
    get messages() {
      return byOwnId.size;
    },
    get doubles() {
      return counts.doubles;
    },
    get repeats() {
      return counts.repeats;
    },
    findByOwnId: (ownId) => byOwnId.get(ownId),
    all: () => byOwnId.values(),
    noteSubmit: () => void counts.submits++,
    take(submit, atMs, deduplicates) {
      const known = byOwnId.get(submit.ownId);
      if (known !== undefined && deduplicates) {
        counts.repeats++;
        return undefined;
      }
      if (known !== undefined) counts.doubles++;
      const status = { state: 'sent' as const, word: 'PENDING', atMs };
      const message = { ...submit, carrierId: randomBytes(16).toString('hex'), takenAtMs: atMs, status };
      byOwnId.set(submit.ownId, message);
      return message;
    },
    countThrottle(ownId) {
      const count = throttles.get(ownId) ?? 0;
      throttles.set(ownId, count + 1);
      return count;
    },
    throttled: (ownId) => throttles.get(ownId) ?? 0,
  };
}
