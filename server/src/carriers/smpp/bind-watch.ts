import type { BindState } from '@trackly/smpp';
import { SECOND_MS } from '../../lib/clock.ts';
import { BIND_REFUSALS } from './codes.ts';

/** A session that is lost comes back within this, or what waits for one goes back to the queue. */
const GRACE_MS = 5 * SECOND_MS;

export interface BindReason {
  /** Our word. */
  readonly detail: 'REJECTED_CREDENTIALS' | 'CARRIER_UNAVAILABLE';
  readonly code: string | null;
}

/** How many sessions there are of those that are wanted; receiving ones count too. */
export interface SmppSessions {
  readonly bound: number;
  readonly wanted: number;
  /** Why one is missing; null: none is. */
  readonly missing: BindReason | null;
}

/** undefined while nothing came of the first tries yet. */
export function countSessions(binds: readonly BindState[]): SmppSessions | undefined {
  const bound = binds.filter(({ state }) => state === 'bound').length;
  const lost = binds.find(({ state, lastError }) => state !== 'bound' && lastError !== null);
  if (lost === undefined && (bound === 0 || bound < binds.length)) return undefined;
  return { bound, wanted: binds.length, missing: lost === undefined ? null : toReason(lost.lastError) };
}

/** Knows for how long no session can send, and why. */
export interface BindWatch {
  onBinds(binds: readonly BindState[]): void;
  /** Calls `listener` once when no session can send and none came in time. @returns what ends the wait */
  onGone(listener: () => void): () => void;
  /** Why the sessions are not bound. */
  reason(): BindReason;
  close(): void;
}

export function createBindWatch(graceMs = GRACE_MS): BindWatch {
  const listeners = new Set<() => void>();
  let binds: readonly BindState[] = [];
  let isBound = false;
  let goneSinceMs = performance.now();
  let timer: NodeJS.Timeout | undefined;

  function tellGone(): void {
    timer = undefined;
    for (const listener of listeners) listener();
    listeners.clear();
  }

  function schedule(): void {
    if (isBound || listeners.size === 0 || timer !== undefined) return;
    timer = setTimeout(tellGone, Math.max(0, goneSinceMs + graceMs - performance.now()));
  }

  return {
    onBinds(current) {
      binds = current;
      const wasBound = isBound;
      isBound = binds.some(({ mode, state }) => mode !== 'receiver' && state === 'bound');
      if (isBound) {
        clearTimeout(timer);
        timer = undefined;
      } else if (wasBound) goneSinceMs = performance.now();
      schedule();
    },
    onGone(listener) {
      listeners.add(listener);
      schedule();
      return () => void listeners.delete(listener);
    },
    reason: () =>
      toReason(binds.find(({ mode, state }) => mode !== 'receiver' && state !== 'bound')?.lastError ?? null),
    close() {
      clearTimeout(timer);
      tellGone();
    },
  };
}

const TEXTS: Readonly<Record<string, string>> = {
  'connect timed out': 'connect_timeout',
  'bind was not answered': 'timeout',
};

/** @param error what the bind was refused with, or how the connection failed */
export function toReason(error: string | null): BindReason {
  if (error === null) return { detail: 'CARRIER_UNAVAILABLE', code: null };
  const detail = BIND_REFUSALS.has(error) ? 'REJECTED_CREDENTIALS' : 'CARRIER_UNAVAILABLE';
  return { detail, code: TEXTS[error] ?? error.replaceAll(' ', '_') };
}
