import type { Directory, List } from '../accounts/directory-types.ts';
import type {
  CallbackAnswer,
  CallbackContent,
  CallbackRequest,
  Carrier,
  CarrierCallbacks,
  CarrierEvents,
  CarrierReport,
  InboundText,
} from '../carriers/carrier.ts';
import { isE164, normaliseCarrierNumber } from '../lib/e164.ts';
import { AppError } from '../lib/errors.ts';

export interface CallbackReceiverDeps {
  readonly directory: Pick<Directory, 'account' | 'listsOf'>;
  readonly carriers: readonly Carrier[];
  /** Calls of lists that have nothing to check calls with are taken. */
  readonly allowUnsigned: boolean;
  /** Stores what a call said; durable when it resolves. */
  readonly onEvents: (events: CarrierEvents) => Promise<void>;
  /** Keeps a call that cannot be read, for people to look at; best effort. */
  readonly keepUnreadable: (call: UnreadableCall) => Promise<void>;
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
        await store(deps, await read(deps, callbacks, { carrier, accountId, request }, lists), lists);
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
  return directory.listsOf(accountId).filter((list) => {
    if (list.type !== carrier) return false;
    const authenticity = list.credentials === null ? 'forged' : callbacks.verify(request, list.credentials);
    return authenticity === 'genuine' || (authenticity === 'unsigned' && allowUnsigned);
  });
}

async function read(
  { keepUnreadable, onError }: CallbackReceiverDeps,
  callbacks: CarrierCallbacks,
  { carrier, accountId, request }: Call,
  lists: readonly List[],
): Promise<CallbackContent> {
  for (const { credentials } of lists) {
    try {
      const content = callbacks.parse(request, credentials ?? {});
      if (content !== undefined) return content;
    } catch {
      // A payload of an unforeseen shape cannot be read either.
    }
  }
  const contentType = request.headers['content-type'];
  const kept = { carrier, accountId, contentType: typeof contentType === 'string' ? contentType : null };
  await keepUnreadable({ ...kept, body: request.body }).catch(onError);
  throw new AppError('invalid_payload');
}

async function store(
  { onEvents, onError }: CallbackReceiverDeps,
  content: CallbackContent,
  lists: readonly List[],
): Promise<void> {
  try {
    await Promise.all(toEvents(content, lists).map(onEvents));
  } catch (cause) {
    onError(cause);
    throw new AppError('overloaded', { cause });
  }
}

/**
 * Shares out what a call said. An event goes to the lists that have the number it names; one that names none of theirs
 * goes to all of them: a report finds its message in one of them only, and an opt-out must not be lost.
 */
function toEvents({ reports, inbound }: CallbackContent, lists: readonly List[]): CarrierEvents[] {
  const byList = new Map<number, { reports: CarrierReport[]; inbound: InboundText[] }>();
  function eventsOf(listId: number): { reports: CarrierReport[]; inbound: InboundText[] } {
    const known = byList.get(listId);
    if (known !== undefined) return known;
    const events = { reports: [], inbound: [] };
    byList.set(listId, events);
    return events;
  }
  for (const { ownNumber, ...report } of reports) {
    for (const list of listsOfNumber(lists, ownNumber)) eventsOf(list.id).reports.push(report);
  }
  for (const text of inbound) {
    const from = normaliseCarrierNumber(text.from);
    // Senders that are no phone number, such as names, cannot be answered and have nothing to opt out of.
    if (!isE164(from)) continue;
    for (const list of listsOfNumber(lists, text.to)) {
      eventsOf(list.id).inbound.push({ ...text, from, to: list.number });
    }
  }
  return [...byList].map(([listId, events]) => ({ listId, ...events }));
}

function listsOfNumber(lists: readonly List[], number: string | null): readonly List[] {
  if (number === null || lists.length === 1) return lists;
  const normal = normaliseCarrierNumber(number);
  const named = lists.filter((list) => list.number === normal);
  return named.length === 0 ? lists : named;
}
