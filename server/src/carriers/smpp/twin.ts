import { type Behaviour, behaviourOf, HostileSmsc, type HostileSmscOptions, type MessageState } from '@trackly/smpp';
import { SECOND_MS } from '../../lib/clock.ts';
import type { TwinBooks } from '../twin/twin-books.ts';
import type { TwinMessage, TwinStatus } from '../twin/twin-dialect.ts';
import type { Twin, TwinOptions } from '../twin/twin-server.ts';

/** Faults of an SMSC by name; each number ending in 0150 to 0178 has one of its own besides (packages/smpp/README.md). */
export const SMPP_BEHAVIOURS = {
  slow: 'answers after a second',
  'server-errors': 'answers each tenth message with RSYSERR once',
  'cut-answers': 'takes each tenth message and closes the connection instead of an answer',
  timeouts: 'takes each tenth message and never answers',
  throttling: 'turns each third message away once with RTHROTTLED',
  'bad-credentials': 'refuses every bind with RINVPASWD',
  'refused-binds': 'refuses three binds with RBINDFAIL, then takes one',
  'late-receipts': 'sends receipts after a minute',
  'duplicate-receipts': 'sends every receipt twice',
  'reordered-receipts': 'sends an intermediate receipt after the final one',
  'early-receipts': 'sends the receipt before it answers the submit',
  'no-receipts': 'never sends a receipt',
  'wrong-ids': 'sends receipts for ids that it never gave',
  'half-open': 'takes every hundredth message and says nothing on its session from then on',
} as const;

export type SmppBehaviour = keyof typeof SMPP_BEHAVIOURS;

export interface SmppTwinOptions extends Omit<TwinOptions, 'behaviours'> {
  readonly behaviours?: readonly SmppBehaviour[];
}

const CREDENTIALS = { system_id: 'trackly', password: 'trackly' } as const;
const REFUSED_BINDS = 3;
const EARLY_MS = 500;
const THROTTLED = 0x58;
const SYSTEM_ERROR = 0x08;

/** An SMSC of this machine that behaves as badly as it is told to. It has no callbacks: everything goes over its sessions. */
export async function startSmppTwin(options: SmppTwinOptions = {}): Promise<Twin> {
  const { host = '127.0.0.1', port = 0, behaviours = [], timeScale = 1 } = options;
  const smsc = new HostileSmsc({ ...CREDENTIALS_OF_SMSC, ...toOptions(behaviours), timeScale });
  const boundPort = await smsc.listen({ host, port });
  return {
    url: `smpp://${host}:${boundPort}`,
    credentials: { host, port: boundPort, ...CREDENTIALS },
    books: createBooks(smsc),
    calls: { answered: 0, refused: 0 },
    setCallbackUrl() {},
    async receive({ from, to, body }) {
      smsc.receive(from, to, body);
    },
    async settled() {},
    [Symbol.asyncDispose]: () => smsc.close(),
  };
}

const CREDENTIALS_OF_SMSC = { systemId: CREDENTIALS.system_id, password: CREDENTIALS.password };

function toOptions(behaviours: readonly SmppBehaviour[]): HostileSmscOptions {
  const counted = { messages: 0 };
  return {
    lateMs: EARLY_MS,
    ...(behaviours.includes('slow') ? { answerDelayMs: SECOND_MS } : {}),
    ...(behaviours.includes('bad-credentials') ? { password: '' } : {}),
    ...(behaviours.includes('refused-binds') ? { refusedBinds: REFUSED_BINDS } : {}),
    behaviourOf(destination) {
      const no = ++counted.messages;
      return behaviours.reduce((behaviour, name) => withFault(behaviour, name, no), behaviourOf(destination));
    },
  };
}

function withFault(behaviour: Behaviour, name: SmppBehaviour, no: number): Behaviour {
  const isTenth = no % 10 === 0 && behaviour.answer === undefined && behaviour.refusal === undefined;
  const isThird = no % 3 === 0 && behaviour.refusal === undefined;
  switch (name) {
    case 'server-errors':
      return isTenth ? { ...behaviour, refusal: { status: SYSTEM_ERROR, times: 1 } } : behaviour;
    case 'cut-answers':
      return isTenth ? { ...behaviour, answer: 'closed' } : behaviour;
    case 'timeouts':
      return isTenth ? { ...behaviour, answer: 'none' } : behaviour;
    case 'half-open':
      return isTenth && no % 100 === 0 ? { ...behaviour, answer: 'half_open' } : behaviour;
    case 'throttling':
      return isThird ? { ...behaviour, refusal: { status: THROTTLED, times: 1 } } : behaviour;
    case 'late-receipts':
      return withReceipts(behaviour, (receipt) => [{ ...receipt, delayMs: receipt.delayMs + 60 * SECOND_MS }]);
    case 'duplicate-receipts':
      return withReceipts(behaviour, (receipt) => [receipt, receipt]);
    case 'reordered-receipts':
      return withReceipts(behaviour, (receipt) => [
        receipt,
        { ...receipt, state: 'ENROUTE', delayMs: 2 * receipt.delayMs },
      ]);
    case 'early-receipts':
      return {
        ...withReceipts(behaviour, (receipt) => [{ ...receipt, delayMs: 0 }]),
        answer: behaviour.answer ?? 'late',
      };
    case 'no-receipts':
      return withReceipts(behaviour, () => []);
    case 'wrong-ids':
      return withReceipts(behaviour, (receipt) => [{ ...receipt, id: 'unknown' }]);
    case 'slow':
    case 'bad-credentials':
    case 'refused-binds':
      return behaviour;
    default:
      return name satisfies never;
  }
}

type Receipts = NonNullable<Behaviour['receipts']>;

function withReceipts(behaviour: Behaviour, change: (receipt: Receipts[number]) => Receipts): Behaviour {
  return { ...behaviour, receipts: (behaviour.receipts ?? []).flatMap(change) };
}

/** Messages are told apart by numbers and text, since SMPP has no room for an id of ours. */
function createBooks(smsc: HostileSmsc): TwinBooks {
  const firstParts = (): TwinMessage[] => smsc.taken.filter(({ part }) => part === 1).map(toMessage);
  function toMessage({ messageId, source, destination, text }: HostileSmsc['taken'][number]): TwinMessage {
    const status = toStatus(smsc.stateOf(messageId));
    const named = { ownId: '', carrierId: messageId, from: `+${source}`, to: `+${destination}`, body: text };
    return { ...named, callbackUrl: null, takenAtMs: status.atMs, status };
  }
  return {
    get submits() {
      return smsc.submits;
    },
    get messages() {
      return firstParts().length;
    },
    get doubles() {
      const keys = smsc.taken.map(({ source, destination, text, part }) =>
        JSON.stringify([source, destination, text, part]),
      );
      return keys.length - new Set(keys).size;
    },
    repeats: 0,
    findByOwnId: () => undefined,
    all: firstParts,
  };
}

function toStatus(state: MessageState): TwinStatus {
  const atMs = Date.now();
  if (state === 'DELIVERED') return { state: 'delivered', word: 'DELIVERED_TO_HANDSET', atMs };
  const isOpen = state === 'ENROUTE' || state === 'ACCEPTED' || state === 'UNKNOWN';
  return isOpen ? { state: 'sent', word: 'PENDING', atMs } : { state: 'undelivered', word: state, atMs };
}
