import type { CarrierReport } from '../carrier.ts';
import type { SimulatedMessage } from './simulator-store.ts';

/** What people who watch the handsets see happen. */
export type SimulatorEvent =
  | { readonly type: 'message'; readonly message: SimulatedMessage }
  | { readonly type: 'receipt'; readonly message: SimulatedMessage; readonly report: CarrierReport };

export interface SimulatorEventHub {
  /** True while somebody listens: building events for nobody is skipped. */
  isWatched(): boolean;
  publish(event: SimulatorEvent): void;
  /** Returns the way to stop. Listeners must not throw. */
  subscribe(listener: (event: SimulatorEvent) => void): () => void;
}

export function createSimulatorEventHub(): SimulatorEventHub {
  const listeners = new Set<(event: SimulatorEvent) => void>();
  return {
    isWatched: () => listeners.size > 0,
    publish(event) {
      for (const listener of listeners) listener(event);
    },
    subscribe(listener) {
      listeners.add(listener);
      return () => void listeners.delete(listener);
    },
  };
}
