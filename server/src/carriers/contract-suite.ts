import { describe, expect, it } from 'vitest';
import type { CarrierConnection, SubmitMessage, SubmitOutcome } from './carrier.ts';

/** A connection under test. Every recipient of `recipient` must be one that the carrier's peer accepts. */
export interface ContractSubject extends AsyncDisposable {
  readonly connection: CarrierConnection;
  /** Sending number of the list. */
  readonly from: string;
  /** An accepted recipient, a different one for each `n` from 0 to 999. */
  recipient(n: number): string;
}

/** What the pipeline relies on, for any carrier. Call it in a test file of the carrier's folder. */
export function describeCarrierContract(name: string, open: () => Promise<ContractSubject>): void {
  describe(`${name} keeps the carrier contract`, () => {
    it('settles each message exactly once', async () => {
      await using subject = await open();
      const messages = makeMessages(subject, 10);
      const settled = await submitAll(subject.connection, messages);
      expect(settled.counts).toEqual(messages.map(() => 1));
      expect(settled.outcomes.map((outcome) => outcome?.kind)).toEqual(messages.map(() => 'accepted'));
    });

    it('settles a batch of 1,000', async () => {
      await using subject = await open();
      const messages = makeMessages(subject, 1_000);
      const { counts } = await submitAll(subject.connection, messages);
      expect(counts.every((count) => count === 1)).toBe(true);
    });

    it('resolves for an empty batch and settles nothing', async () => {
      await using subject = await open();
      const { counts } = await submitAll(subject.connection, []);
      expect(counts).toEqual([]);
    });

    it('gives one carrier id, or one a part, and never the same to two messages', async () => {
      await using subject = await open();
      const messages = makeMessages(subject, 20);
      const { outcomes } = await submitAll(subject.connection, messages);
      const ids = outcomes.flatMap((outcome) => (outcome?.kind === 'accepted' ? outcome.carrierIds : []));
      expect(ids.length).toBeGreaterThanOrEqual(20);
      expect(new Set(ids).size).toBe(ids.length);
    });

    it('gives each message of a batch the same outcome in any order', async () => {
      await using subject = await open();
      const forwards = await submitAll(subject.connection, makeMessages(subject, 10));
      const backwards = await submitAll(subject.connection, makeMessages(subject, 10).toReversed());
      expect(backwards.outcomes.toReversed().map((outcome) => outcome?.kind)).toEqual(
        forwards.outcomes.map((outcome) => outcome?.kind),
      );
    });

    it('serves batches that overlap', async () => {
      await using subject = await open();
      const batches = [makeMessages(subject, 30), makeMessages(subject, 30), makeMessages(subject, 30)];
      const settled = await Promise.all(batches.map((batch) => submitAll(subject.connection, batch)));
      for (const { counts } of settled) expect(counts.every((count) => count === 1)).toBe(true);
    });

    it('settles messages that were never started as retry when it was told to stop', async () => {
      await using subject = await open();
      const { outcomes, counts } = await submitAll(subject.connection, makeMessages(subject, 5), AbortSignal.abort());
      expect(counts).toEqual([1, 1, 1, 1, 1]);
      for (const outcome of outcomes) expect(outcome).toMatchObject({ kind: 'retry', connectionFailed: false });
    });

    it('settles everything once when it is told to stop in the middle', async () => {
      await using subject = await open();
      const stop = new AbortController();
      const submitted = submitAll(subject.connection, makeMessages(subject, 50), stop.signal);
      stop.abort();
      const { counts } = await submitted;
      expect(counts.every((count) => count === 1)).toBe(true);
    });

    it('finds what it took and never claims to have what it did not', async () => {
      await using subject = await open();
      const { connection } = subject;
      if (connection.lookUp === undefined) return;
      const [taken, other] = makeMessages(subject, 2);
      if (taken === undefined || other === undefined) throw new Error('The suite made no messages');
      await submitAll(connection, [taken]);
      expect(['found', 'unknown']).toContain((await connection.lookUp(taken, Date.now())).kind);
      expect(['absent', 'unknown']).toContain((await connection.lookUp(other, Date.now())).kind);
    });
  });
}

export interface Settled {
  readonly outcomes: readonly (SubmitOutcome | undefined)[];
  /** How often each message was settled. */
  readonly counts: readonly number[];
}

/** Submits and collects what was settled until `submit` resolved. */
export async function submitAll(
  connection: CarrierConnection,
  messages: readonly SubmitMessage[],
  signal: AbortSignal = new AbortController().signal,
): Promise<Settled> {
  const outcomes: (SubmitOutcome | undefined)[] = messages.map(() => undefined);
  const counts = messages.map(() => 0);
  await connection.submit(
    messages,
    (index, outcome) => {
      outcomes[index] = outcome;
      counts[index] = (counts[index] ?? 0) + 1;
    },
    signal,
  );
  return { outcomes, counts };
}

let made = 0;

/** A message of one part with an id of its own. */
export function makeMessage(from: string, to: string, changes: Partial<SubmitMessage> = {}): SubmitMessage {
  const id = (++made).toString(36).padStart(8, 'T');
  const plain = {
    body: 'Hello!',
    encoding: 'GSM-7',
    segments: 1,
    lane: 'marketing',
    validityMinutes: 240,
  } as const;
  return { id, from, to, ...plain, ...changes };
}

function makeMessages(subject: ContractSubject, count: number): SubmitMessage[] {
  return Array.from({ length: count }, (_, n) => makeMessage(subject.from, subject.recipient(n)));
}
