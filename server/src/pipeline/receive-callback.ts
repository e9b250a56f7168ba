import type { Directory, List } from '../accounts/directory-types.ts';
import type {
  CallbackAnswer,
  CallbackContent,
  CallbackRequest,
  Carrier,
  CarrierCallbacks,
  CarrierEvents,
} from '../carriers/carrier.ts';
import type { Credentials } from '../lib/credentials.ts';
import { AppError } from '../lib/errors.ts';
import { within } from '../lib/within.ts';
import type { StrayText } from '../store/stray-text-store.ts';
import { isStray, shareArrivals } from './share-arrivals.ts';

export interface CallbackReceiverDeps {
  readonly directory: Pick<Directory, 'account' | 'listsOf'>;
  readonly carriers: readonly Carrier[];
  /** Calls of lists that have nothing to check calls with are taken. */
  readonly allowUnsigned: boolean;
  /** Stores what a call said; durable when it resolves. */
  readonly onEvents: (events: CarrierEvents) => Promise<void>;
  /** Keeps a call that cannot be read, for people to look at; best effort. */
  readonly keepUnreadable: (call: UnreadableCall) => Promise<void>;
  /** Keeps a text to a number that is no list of the account, for the operator; best effort. */
  readonly keepStray: (text: StrayText) => Promise<void>;
  readonly onError: (error: unknown) => void;
}

export interface UnreadableCall {
  readonly carrier: string;
  readonly accountId: string;
  readonly contentType: string | null;
  readonly body: Buffer;
}

/** The receiving side of all carriers that call us. */
export interface CallbackReceiver {
  /** Whether a carrier of this name calls. */
  serves(carrier: string): boolean;
  /**
   * Takes one call; resolves when what it said is durable in the log, so that a database that is away does not matter.
   * @throws AppError `invalid_signature` (unknown account, or no list of it that the call is genuine for),
   *   `invalid_payload`, `overloaded`; nothing is stored then
   */
  receive(carrier: string, accountId: string, request: CallbackRequest): Promise<CallbackAnswer>;
}

/** Calls that wait for the log at once; a carrier repeats those that are turned away. */
const MAX_IN_FLIGHT = 2_000;
/** A carrier is answered within a second. */
const KEEP_WITHIN_MS = 500;

export function createCallbackReceiver(deps: CallbackReceiverDeps): CallbackReceiver {
  const byType = new Map<string, CarrierCallbacks>();
  for (const { type, callbacks } of deps.carriers) if (callbacks !== null) byType.set(type, callbacks);
  let inFlight = 0;
  return {
    serves: (carrier) => byType.has(carrier),
    async receive(carrier, accountId, request) {
      const callbacks = byType.get(carrier);
      if (callbacks === undefined) throw new AppError('not_found');
      const lists = genuineLists(deps, callbacks, { carrier, accountId, request });
      if (lists.length === 0) throw new AppError('invalid_signature');
      if (inFlight >= MAX_IN_FLIGHT) throw new AppError('overloaded');
      inFlight++;
      try {
        const content = await read(deps, callbacks, { carrier, accountId, request }, lists);
        await store(deps, content, lists);
        if (content.isPartial === true) await keepUnreadable(deps, { carrier, accountId, request });
        for (const { from, to, text } of content.inbound.filter((each) => isStray(each, lists))) {
          await keep(deps, deps.keepStray({ carrier, accountId, ownNumber: to, phone: from, body: text }));
        }
      } finally {
        inFlight--;
      }
      return callbacks.answer;
    },
  };
}

interface Call {
  readonly carrier: string;
  readonly accountId: string;
  readonly request: CallbackRequest;
}

/** Lists of any status: receipts of messages that are out, and opt-outs, count even when the list is deleted. */
function genuineLists(
  { directory, allowUnsigned }: CallbackReceiverDeps,
  callbacks: CarrierCallbacks,
  { carrier, accountId, request }: Call,
): List[] {
  const account = directory.account(accountId);
  if (account === undefined || account.status === 'deleted') return [];
  const verified = new Map<string, boolean>();
  return directory.listsOf(accountId).filter(({ type, credentials }) => {
    if (type !== carrier || credentials === null) return false;
    const key = keyOf(credentials);
    const known = verified.get(key);
    if (known !== undefined) return known;
    const authenticity = callbacks.verify(request, credentials);
    const isGenuine = authenticity === 'genuine' || (authenticity === 'unsigned' && allowUnsigned);
    verified.set(key, isGenuine);
    return isGenuine;
  });
}

const KEYS = new WeakMap<Credentials, string>();

/** The same for the same credentials: hundreds of lists may share an account at their carrier, and signatures are dear. */
function keyOf(credentials: Credentials): string {
  const known = KEYS.get(credentials);
  if (known !== undefined) return known;
  const key = JSON.stringify(credentials);
  KEYS.set(credentials, key);
  return key;
}

async function read(
  deps: CallbackReceiverDeps,
  callbacks: CarrierCallbacks,
  call: Call,
  lists: readonly List[],
): Promise<CallbackContent> {
  for (const { credentials } of lists) {
    try {
      const content = callbacks.parse(call.request, credentials ?? {});
      if (content !== undefined) return content;
    } catch {
      // A payload of an unforeseen shape cannot be read either.
    }
  }
  await keepUnreadable(deps, call);
  throw new AppError('invalid_payload');
}

async function keepUnreadable(deps: CallbackReceiverDeps, { carrier, accountId, request }: Call): Promise<void> {
  const contentType = request.headers['content-type'];
  const kept = { carrier, accountId, contentType: typeof contentType === 'string' ? contentType : null };
  await keep(deps, deps.keepUnreadable({ ...kept, body: request.body }));
}

/** What people may want to look at is no reason to let a carrier wait while the database is away. */
async function keep({ onError }: CallbackReceiverDeps, kept: Promise<void>): Promise<void> {
  await within(KEEP_WITHIN_MS, kept).catch(onError);
}

async function store(
  { onEvents, onError }: CallbackReceiverDeps,
  content: CallbackContent,
  lists: readonly List[],
): Promise<void> {
  try {
    await Promise.all(shareArrivals(content, lists).map(onEvents));
  } catch (cause) {
    onError(cause);
    throw new AppError('overloaded', { cause });
  }
}
