import { randomBytes } from 'node:crypto';
import type { Client } from 'pg';
import { type Clock, MINUTE_MS, SECOND_MS } from '../lib/clock.ts';
import { within } from '../lib/within.ts';
import { type Listening, openListening } from './listening.ts';
import type { Queryable } from './queryable.ts';

/** A number that must not be written to any more from a list. */
export interface Stopped {
  readonly listId: number;
  readonly phone: number;
}

/** `begin`: it is being stored; `settle`: it is stored. */
export type WithdrawalStep = 'begin' | 'settle';

/** Resolves, and never rejects, when no process can start a message any more that did not see what was told. */
export type Heard = () => Promise<void>;

export interface WithdrawalLinkOptions {
  /** Opens a connection of its own; called again when it breaks. */
  readonly connect: () => Promise<Client>;
  /** Set in a process that sends: it says that it heard, under this number in `worker`. */
  readonly workerId: number | null;
  readonly clock: Clock;
  /** Another process stores opt-outs. Called in the order in which they were told. */
  readonly onWithdrawn: (step: WithdrawalStep, stopped: readonly Stopped[]) => void;
  /** What was told before now may have been missed. */
  readonly onListening: () => void;
  /** Lengths of time, for tests. */
  readonly deafAfterMs?: number;
  readonly heardWithinMs?: number;
  readonly announcedWithinMs?: number;
}

/** Opt-outs between the processes of an installation, as long as messages that have passed the gate may still leave. */
export interface WithdrawalLink {
  /**
   * Tells the other processes, within a transaction at its commit. What it resolves to is to be called then, and awaited
   * before anybody is told that the opt-out holds: processes that send have heard of it, or are deaf by themselves. In the
   * worst case that takes some seconds, once for each process that does not answer.
   */
  tell(db: Queryable, step: WithdrawalStep, stopped: readonly Stopped[]): Promise<Heard>;
  /**
   * Tells of opt-outs that have come and are not stored yet; resolves when the others have heard, and within a
   * second in any case, because carriers wait; at once where the last poll saw no other process that sends. Never rejects:
   * a database that cannot be asked makes the others deaf too.
   */
  announce(db: Queryable, stopped: readonly Stopped[]): Promise<void>;
  /** What others tell may go by unheard: no message is to be started. */
  isDeaf(): boolean;
  [Symbol.asyncDispose](): Promise<void>;
}

const TOLD = 'withdrawal';
const HEARD = 'withdrawal_heard';
const POLL_MS = SECOND_MS;
/** Of a worker that does not poll. A paused process that goes on knows by its clock that it is deaf. */
const DEAF_AFTER_MS = 4 * SECOND_MS;
/** By then a worker that did not answer is deaf. */
const HEARD_WITHIN_MS = 5 * SECOND_MS;
/** Carriers are answered within a second, also while a worker does not answer. */
const ANNOUNCED_WITHIN_MS = 800;
/** A process that was not seen for so long sends nothing (`partition-leases.ts`). */
const GONE_MS = 30 * SECOND_MS;
/** A payload has at most 8,000 bytes. */
const NUMBERS_A_PAYLOAD = 250;
const IDS_A_PAYLOAD = 300;

interface Waiting {
  readonly madeAtMs: number;
  readonly left: Set<number>;
  resolve?: () => void;
}

export async function openWithdrawalLink(options: WithdrawalLinkOptions): Promise<WithdrawalLink> {
  const { clock, workerId, onWithdrawn } = options;
  const { deafAfterMs = DEAF_AFTER_MS, heardWithinMs = HEARD_WITHIN_MS } = options;
  const { announcedWithinMs = ANNOUNCED_WITHIN_MS } = options;
  const self = randomBytes(6).toString('hex');
  let told = 0;
  let client: Client | undefined;
  let heardAtMs = 0;
  /** Other processes that send; until the first poll there may be some. */
  let hasPeers = true;
  const waiting = new Map<string, Waiting>();
  /** Workers that let a telling run out and were not heard since: they are deaf until they have said that they are back. */
  const silent = new Set<number>();
  let unconfirmed: string[] = [];
  let confirming = false;

  /** Says what was heard; what comes meanwhile goes together. */
  async function confirm(): Promise<void> {
    if (confirming) return;
    confirming = true;
    for (let on = client; on !== undefined && unconfirmed.length > 0; on = client) {
      const ids = unconfirmed.splice(0, IDS_A_PAYLOAD).join(' ');
      await on.query(`select pg_notify('${HEARD}', $1)`, [`${workerId} ${ids}`]).catch(() => {});
    }
    confirming = false;
  }

  function hear(channel: string, payload: string): void {
    const [first = '', ...rest] = payload.split(' ');
    if (channel === HEARD) return hearConfirmation(Number(first), rest);
    const [from, id, step] = first.split('/');
    if (from === self || (step !== 'begin' && step !== 'settle')) return;
    onWithdrawn(step, rest.map(toStopped));
    if (workerId === null) return;
    unconfirmed.push(`${from}/${id}`);
    void confirm();
  }

  function hearConfirmation(worker: number, ids: readonly string[]): void {
    silent.delete(worker);
    for (const id of ids) {
      const one = waiting.get(id);
      if (one?.left.delete(worker) === true && one.left.size === 0) one.resolve?.();
    }
  }

  /** A query is answered after everything that was said before it: also of workers that are back. */
  async function hearWhatWasSaid(): Promise<void> {
    if (client !== undefined) await within(heardWithinMs, client.query('select')).catch(() => {});
  }

  async function untilHeard(id: string, one: Waiting): Promise<void> {
    if ([...one.left].some((worker) => silent.has(worker))) await hearWhatWasSaid();
    for (const worker of silent) one.left.delete(worker);
    if (one.left.size > 0) {
      const all = new Promise<void>((resolve) => (one.resolve = resolve));
      await within(heardWithinMs, all).catch(() => {});
      for (const worker of one.left) silent.add(worker);
    }
    waiting.delete(id);
  }

  /** Those of transactions that were rolled back. */
  function forgetOld(): void {
    const before = performance.now() - MINUTE_MS;
    for (const [id, { madeAtMs }] of waiting) {
      if (madeAtMs > before) break;
      waiting.delete(id);
    }
  }

  let listening: Listening | undefined;
  const ready = new Promise<void>((resolve) => {
    listening = openListening({
      connect: options.connect,
      channels: [TOLD, HEARD],
      pollMs: POLL_MS,
      async onListening(next) {
        options.onListening();
        const askedAtMs = performance.now();
        // Deaf until then: whoever took this worker for silent has to wait for it again.
        if (workerId !== null) await next.query(`select pg_notify('${HEARD}', $1)`, [String(workerId)]);
        heardAtMs = askedAtMs;
        client = next;
        resolve();
        void confirm();
      },
      onNotification: hear,
      async poll(on) {
        const askedAtMs = performance.now();
        hasPeers = (await readPeers(on, { workerId, seenSinceMs: clock() - GONE_MS })) > 0;
        heardAtMs = askedAtMs;
      },
      onBroken() {
        client = undefined;
        unconfirmed = [];
      },
    });
  });
  await within(heardWithinMs, ready).catch(() => {});

  const link: WithdrawalLink = {
    async tell(db, step, stopped) {
      forgetOld();
      let last = '';
      let workers: readonly number[] = [];
      for (let from = 0; from < stopped.length; from += NUMBERS_A_PAYLOAD) {
        last = `${self}/${++told}`;
        const numbers = stopped.slice(from, from + NUMBERS_A_PAYLOAD).map(({ listId, phone }) => `${listId}:${phone}`);
        workers = await tellAndFindWorkers(db, `${last}/${step} ${numbers.join(' ')}`, {
          workerId,
          seenSinceMs: clock() - GONE_MS,
        });
      }
      if (workers.length === 0) return () => Promise.resolve();
      // A worker may have heard before the caller knows of its own commit.
      const one = { madeAtMs: performance.now(), left: new Set(workers) };
      waiting.set(last, one);
      return () => untilHeard(last, one);
    },
    async announce(db, stopped) {
      const telling = link.tell(db, 'begin', stopped).then((heard) => heard());
      const heard = within(announcedWithinMs, telling).catch(() => {});
      if (hasPeers) await heard;
    },
    isDeaf: () => client === undefined || performance.now() - heardAtMs > deafAfterMs,
    async [Symbol.asyncDispose]() {
      await listening?.[Symbol.asyncDispose]();
    },
  };
  return link;
}

function toStopped(text: string): Stopped {
  const [listId, phone] = text.split(':');
  return { listId: Number(listId), phone: Number(phone) };
}

interface Peers {
  /** Not this one; null: all are others. */
  readonly workerId: number | null;
  readonly seenSinceMs: number;
}

const IS_PEER = `id is distinct from $1 and seen_ms > $2 and 'pipeline' = any (string_to_array(roles, ','))`;

async function readPeers(db: Client, { workerId, seenSinceMs }: Peers): Promise<number> {
  const { rows } = await db.query<{ peers: number }>({
    name: 'withdrawal.peers',
    text: `select count(*)::integer as peers from worker where ${IS_PEER}`,
    values: [workerId, seenSinceMs],
  });
  return rows[0]?.peers ?? 0;
}

async function tellAndFindWorkers(
  db: Queryable,
  payload: string,
  { workerId, seenSinceMs }: Peers,
): Promise<readonly number[]> {
  const { rows } = await db.query<{ workers: number[] }>({
    name: 'withdrawal.tell',
    text: `select pg_notify('${TOLD}', $3), array(select id from worker where ${IS_PEER}) as workers`,
    values: [workerId, seenSinceMs, payload],
  });
  return rows[0]?.workers ?? [];
}
