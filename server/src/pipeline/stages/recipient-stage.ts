import { SECOND_MS } from '../../lib/clock.ts';
import type { Pool } from '../../store/pool.ts';
import { checkRecipients, findStopped, type RecipientObjection } from '../../store/recipient-store.ts';
import { setDecision, type Check } from '../decisions.ts';
import { FLAGS, hasFlag, type Flag } from '../flags.ts';
import { MESSAGE_STATES as S } from '../message-state.ts';
import type { OutboundMessage } from '../outbound-message.ts';
import { drop, keep, type GateBatch, type RefusalReason, type Stage } from '../stage.ts';

/** Messages in these states did not reach anybody, so another one with their text is no duplicate. */
const GONE = [S.dropped, S.failed, S.cancelled, S.orphaned];

/**
 * Steps 10 and 11: the recipient may be written to, and did not get this very text just now. One round trip for the
 * batch, on current data: an opt-out that was stored before it stops the message.
 */
export function createRecipientStage(pool: Pool): Stage {
  return {
    name: 'recipient',
    async run(batch) {
      const windowMs = dedupeWindowMs(batch);
      const stored = await findObjections(pool, batch, windowMs);
      keepUnlessSkipped(batch, 'contact', 'skip_contact_validation', (message) =>
        contactRefusal(stored.get(message), message),
      );
      // Only what passed so far: a message that is refused is nobody's original.
      const earlier = findTwins(batch.live, windowMs);
      keepUnlessSkipped(batch, 'duplicate', 'skip_duplicate_check', (message) => {
        const original = stored.get(message)?.duplicateOf ?? earlier.get(message);
        return original === undefined || original === null ? undefined : drop('duplicate');
      });
    },
  };
}

/**
 * Step 10 once more, for messages whose mark is recorded: who opted out or was blocked since the gate looked. Between its
 * answer and the first byte there is nothing but the carrier's own window.
 */
export async function findOptedOut(
  pool: Pool,
  listId: number,
  messages: readonly OutboundMessage[],
): Promise<Set<OutboundMessage>> {
  const stops = await findStopped(
    pool,
    listId,
    messages.map((message) => message.phone),
  );
  if (stops.length === 0) return new Set();
  const holds = (message: OutboundMessage): boolean =>
    stops.some(({ phone, blocked, inactiveReason }) => {
      return phone === message.phone && (blocked || !mayBeAnswered(inactiveReason, message));
    });
  return new Set(messages.filter((message) => !hasFlag(message.flags, 'skip_contact_validation') && holds(message)));
}

async function findObjections(
  pool: Pool,
  batch: GateBatch,
  dedupeWindowMs: number,
): Promise<Map<OutboundMessage, RecipientObjection>> {
  const simulated = batch.live.some((message) => hasFlag(message.flags, 'simulated'));
  const objections = await checkRecipients(
    pool,
    { listId: batch.listId, dedupeWindowMs, simulated, simulatedFlag: FLAGS.simulated, goneStates: GONE },
    batch.live,
  );
  const found = new Map<OutboundMessage, RecipientObjection>();
  for (const objection of objections) {
    const message = batch.live[objection.place];
    if (message !== undefined) found.set(message, objection);
  }
  return found;
}

/** Messages of the batch whose text goes to the same recipient earlier in the same batch. */
function findTwins(messages: readonly OutboundMessage[], windowMs: number): Map<OutboundMessage, number> {
  const twins = new Map<OutboundMessage, number>();
  // Nearly always each recipient is there once.
  if (windowMs === 0 || new Set(messages.map(({ phone }) => phone)).size === messages.length) return twins;
  const firstByText = new Map<string, OutboundMessage>();
  const inOrder = [...messages].sort((a, b) => a.createdMs - b.createdMs || a.number - b.number);
  for (const message of inOrder) {
    const key = `${message.phone} ${message.textHash}`;
    const first = firstByText.get(key);
    if (first !== undefined && message.createdMs - first.createdMs < windowMs) twins.set(message, first.number);
    else firstByText.set(key, message);
  }
  return twins;
}

function contactRefusal(
  objection: RecipientObjection | undefined,
  message: OutboundMessage,
): RefusalReason | undefined {
  if (objection === undefined) return undefined;
  if (objection.blocked) return drop('contact_blocked', 'on the block list');
  if (!objection.inactive) return undefined;
  if (mayBeAnswered(objection.inactiveReason, message)) return undefined;
  return drop('contact_blocked', describeInactive(objection));
}

/** People who wrote first and never subscribed may be answered, not marketed to. */
function mayBeAnswered(inactiveReason: string | null, { category }: OutboundMessage): boolean {
  return inactiveReason === 'no_consent' && category === 'transactional';
}

function describeInactive(objection: RecipientObjection): string {
  if (objection.unsubscribedMs === null) return 'inactive on this list';
  return `unsubscribed from this list on ${new Date(objection.unsubscribedMs).toISOString()}`;
}

function keepUnlessSkipped(
  batch: GateBatch,
  check: Check,
  flag: Flag,
  refusalOf: (message: OutboundMessage) => RefusalReason | undefined,
): void {
  keep(batch, check, (message) => (hasFlag(message.flags, flag) ? undefined : refusalOf(message)));
  for (const message of batch.live) {
    if (hasFlag(message.flags, flag)) message.decisions = setDecision(message.decisions, check, 'exempt');
  }
}

function dedupeWindowMs({ list, account }: GateBatch): number {
  return (list?.settings.dedupeWindowSeconds ?? account?.settings.dedupeWindowSeconds ?? 0) * SECOND_MS;
}
