import type { CarrierConnection, CarrierEvents } from '../carrier.ts';

export interface SandboxOptions {
  readonly listId: number;
  /** Stores receipts like those of any carrier. */
  readonly onEvents: (events: CarrierEvents) => Promise<void>;
  readonly clock: () => number;
}

/**
 * Where messages of sandbox keys go instead of a carrier: everything is accepted and reported delivered at once. A
 * receipt that cannot be stored is lost, and the message stays `sent`: nobody was written to.
 */
export function createSandboxConnection({ listId, onEvents, clock }: SandboxOptions): CarrierConnection {
  return {
    async submit(messages, settle) {
      for (const [index, message] of messages.entries()) {
        settle(index, {
          kind: 'accepted',
          carrierIds: [`sandbox-${message.id}`],
          detail: 'PENDING',
          echoesOwnId: true,
        });
      }
      const atMs = clock();
      const reports = messages.map((message) => ({
        messageId: message.id,
        carrierId: `sandbox-${message.id}`,
        part: null,
        state: 'delivered' as const,
        detail: 'DELIVERED_TO_HANDSET',
        permanent: null,
        code: null,
        atMs,
      }));
      await onEvents({ listId, reports, inbound: [] }).catch(() => {});
    },
    lookUp: () => Promise.resolve({ kind: 'unknown' }),
    async [Symbol.asyncDispose]() {},
  };
}
