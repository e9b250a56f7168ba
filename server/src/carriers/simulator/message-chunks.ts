import type { Database, RootDatabase } from 'lmdb';
import type { Encoding } from '../../lib/segments.ts';
import type { Profile } from './behaviour.ts';

/** A message on a handset, or a submit that was never taken (then only the ledger shows it). */
export interface SimulatedMessage {
  /** Position in the order of arrival; never used twice, also not after `clear`. */
  readonly seq: number;
  /** `in`: received by the handset; `out`: written on it; `ledger`: submitted but not taken. */
  readonly direction: 'in' | 'out' | 'ledger';
  /** Trackly's own id; '' for texts written on the handset. */
  readonly messageId: string;
  readonly listId: number;
  readonly profile: Profile;
  readonly from: string;
  readonly to: string;
  readonly body: string;
  readonly encoding: Encoding;
  readonly parts: number;
  /** The carrier's id of the first part; the following parts count up. */
  readonly firstCarrierId: number;
  readonly firstAtMs: number;
  readonly lastAtMs: number;
  /** How often it was submitted. */
  readonly count: number;
  /** The message before this one on the same handset, 0 when there is none. */
  readonly previousSeq: number;
}

type MessageValue = readonly [
  direction: number,
  messageId: string,
  listId: number,
  profile: number,
  from: string,
  to: string,
  body: string,
  ucs2: number,
  parts: number,
  firstCarrierId: number,
  firstAtMs: number,
  previousSeq: number,
];
type RepeatValue = readonly [count: number, lastAtMs: number];

const DIRECTIONS = ['in', 'out', 'ledger'] as const;
const PROFILES = ['instant', 'slow', 'lossy'] as const;
const MAX_SEQ = 0xffff_ffff;
/**
 * Messages of one transaction that share a value: what LMDB does for a value costs more than what is in it, and one
 * message is read by decoding its neighbours (about 50 µs).
 */
const CHUNK = 64;

/** Messages by position, kept as chunks of neighbours. Writes belong into a transaction that ends with `flush`. */
export interface MessageChunks {
  /** `seq` follows the one that was added before in this transaction. */
  add(message: SimulatedMessage): void;
  /** Notes a submit of a message that is there already. */
  setRepeat(seq: number, count: number, lastAtMs: number): void;
  get(seq: number): SimulatedMessage | undefined;
  /** Messages from `seq` on, in their order. */
  from(seq: number): Iterable<SimulatedMessage>;
  /** 0 when there is none. */
  first(): number;
  last(): number;
  /** Writes what was added. */
  flush(): void;
  /** Forgets what was added and not flushed, and what was read. */
  reset(): void;
  clearSync(): void;
}

export function openMessageChunks(root: RootDatabase): MessageChunks {
  const chunks: Database<readonly MessageValue[], number> = root.openDB({ name: 'messages', keyEncoding: 'uint32' });
  const repeats: Database<RepeatValue, number> = root.openDB({ name: 'repeats', keyEncoding: 'uint32' });
  let added: SimulatedMessage[] = [];
  let read: { readonly key: number; readonly value: readonly MessageValue[] } = { key: 0, value: [] };

  /** The chunk that `seq` is in, else the one before it; the last one that was read is kept. */
  function chunkOf(seq: number): typeof read {
    if (seq >= read.key && seq < read.key + read.value.length) return read;
    for (const chunk of chunks.getRange({ start: seq, reverse: true, limit: 1 })) read = chunk;
    return read;
  }

  function withRepeats(message: SimulatedMessage): SimulatedMessage {
    const repeat = repeats.get(message.seq);
    return repeat === undefined ? message : { ...message, count: repeat[0], lastAtMs: repeat[1] };
  }

  function find(seq: number): SimulatedMessage | undefined {
    const inHand = added[seq - (added[0]?.seq ?? Infinity)];
    if (inHand !== undefined) return inHand;
    const { key, value } = chunkOf(seq);
    const stored = value[seq - key];
    return stored === undefined ? undefined : fromValue(seq, stored);
  }

  function edge(reverse: boolean): number {
    for (const { key, value } of chunks.getRange({ limit: 1, reverse })) return reverse ? key + value.length - 1 : key;
    return 0;
  }

  return {
    add(message) {
      added.push(message);
    },
    setRepeat(seq, count, lastAtMs) {
      repeats.putSync(seq, [count, lastAtMs]);
    },
    get(seq) {
      const message = find(seq);
      return message === undefined ? undefined : withRepeats(message);
    },
    *from(seq) {
      const { key, value } = chunkOf(seq);
      const start = seq < key + value.length && seq >= key ? key : seq;
      for (const chunk of chunks.getRange({ start })) {
        for (const [index, stored] of chunk.value.entries()) {
          if (chunk.key + index >= seq) yield withRepeats(fromValue(chunk.key + index, stored));
        }
      }
    },
    first: () => edge(false),
    last: () => edge(true),
    flush() {
      for (let at = 0; at < added.length; at += CHUNK) {
        const chunk = added.slice(at, at + CHUNK);
        chunks.putSync(chunk[0]?.seq ?? MAX_SEQ, chunk.map(toValue));
      }
      added = [];
    },
    reset() {
      added = [];
      read = { key: 0, value: [] };
    },
    clearSync() {
      chunks.clearSync();
      repeats.clearSync();
      read = { key: 0, value: [] };
    },
  };
}

function toValue(message: SimulatedMessage): MessageValue {
  return [
    DIRECTIONS.indexOf(message.direction),
    message.messageId,
    message.listId,
    PROFILES.indexOf(message.profile),
    message.from,
    message.to,
    message.body,
    message.encoding === 'UCS-2' ? 1 : 0,
    message.parts,
    message.firstCarrierId,
    message.firstAtMs,
    message.previousSeq,
  ];
}

function fromValue(seq: number, value: MessageValue): SimulatedMessage {
  return {
    seq,
    direction: DIRECTIONS[value[0]] ?? 'in',
    messageId: value[1],
    listId: value[2],
    profile: PROFILES[value[3]] ?? 'instant',
    from: value[4],
    to: value[5],
    body: value[6],
    encoding: value[7] === 1 ? 'UCS-2' : 'GSM-7',
    parts: value[8],
    firstCarrierId: value[9],
    firstAtMs: value[10],
    lastAtMs: value[10],
    count: 1,
    previousSeq: value[11],
  };
}
