import { setImmediate } from 'node:timers/promises';
import type { CallbackContent } from '../carrier.ts';

/** Stores what arrives within one turn of the event loop together. */
export interface Gatherer {
  /** Settles as the storing of all that came with it does; resolved when there is nothing to store. */
  add(reports: CallbackContent['reports'], inbound: CallbackContent['inbound']): Promise<void>;
}

interface Group {
  readonly reports: CallbackContent['reports'][number][];
  readonly inbound: CallbackContent['inbound'][number][];
  readonly stored: Promise<void>;
}

export function createGatherer(store: (content: CallbackContent) => Promise<void>): Gatherer {
  let open: Group | undefined;

  function begin(): Group {
    const content = { reports: [], inbound: [] };
    const storeSoon = async (): Promise<void> => {
      await setImmediate();
      open = undefined;
      await store(content);
    };
    return { ...content, stored: storeSoon() };
  }

  return {
    add(reports, inbound) {
      if (reports.length + inbound.length === 0) return Promise.resolve();
      open ??= begin();
      open.reports.push(...reports);
      open.inbound.push(...inbound);
      return open.stored;
    },
  };
}
