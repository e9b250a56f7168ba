import type { List } from '../accounts/index.ts';
import { type Clock, SECOND_MS } from '../lib/clock.ts';
import { AppError } from '../lib/errors.ts';
import { pause } from '../lib/pause.ts';
import { explainDetail } from './explain-detail.ts';

/** What is looked at, in this order; the first that fails ends the check. */
export type CheckName = 'list' | 'credentials' | 'connect' | 'server' | 'send' | 'receipt';

/** One step of a check, as the command shows it. `passed` null: it was left out, and `text` says why. */
export interface CheckStep {
  readonly step: CheckName;
  readonly passed: boolean | null;
  readonly started_at: string;
  readonly elapsed_ms: number;
  /** Our word or the carrier's code; null when there is none. */
  readonly detail: string | null;
  readonly text: string;
}

/** A connection of our own to the carrier; nothing is sent through it. */
export interface Probe extends AsyncDisposable {
  readonly check?: () => Promise<{ readonly passed: boolean; readonly detail: string | null }>;
}

/** What a message has become. */
export interface TestMessage {
  readonly state: string;
  readonly status_detail: string | null;
  readonly carrier_code: string | null;
  readonly carrier_message_ids: readonly string[];
}

export interface CheckCarrierDeps {
  readonly clock: Clock;
  /** What is wrong with the credentials of a list, without its values; undefined: nothing. */
  readonly findCredentialError: (list: List) => string | undefined;
  readonly open: (list: List) => Probe;
  /** A process that sends messages was seen within a minute. */
  readonly isSending: () => Promise<boolean>;
  /** Accepts a message; a server takes it from there. @returns its id */
  readonly send: (message: { readonly to: string; readonly list: string; readonly body: string }) => Promise<string>;
  readonly read: (id: string) => Promise<TestMessage>;
  /** Where the carrier's calls have to come; null: it needs none. */
  readonly callbackUrl: (list: List) => string | null;
  readonly onStep: (step: CheckStep) => void;
}

export interface CheckCarrierInput {
  readonly list: List;
  /** E.164; undefined: nothing is sent. */
  readonly to: string | undefined;
  /** Each step waits so long at the most. Default 60,000. */
  readonly timeoutMs?: number | undefined;
}

type Finding = Pick<CheckStep, 'passed' | 'text'> & { readonly detail?: string | null };

const TIMEOUT_MS = 60 * SECOND_MS;
const POLL_MS = 100;
const FINAL: ReadonlySet<string> = new Set(['delivered', 'undelivered', 'failed', 'dropped', 'cancelled', 'orphaned']);

/**
 * Goes the way of a message of one list step by step: its own state, its credentials, whether the carrier knows us, and with
 * `to` a text to that number and its receipt. @returns true when nothing failed
 */
export async function checkCarrier(deps: CheckCarrierDeps, input: CheckCarrierInput): Promise<boolean> {
  let message = '';
  const steps: readonly (readonly [CheckName, () => Promise<Finding>])[] = [
    ['list', async () => checkList(input.list)],
    ['credentials', async () => checkCredentials(deps, input.list)],
    ['connect', () => checkConnection(deps, input.list)],
    ...(input.to === undefined ? [] : [['server', () => checkServer(deps)] as const]),
    [
      'send',
      async () => {
        const { id, ...finding } = await checkSend(deps, input);
        message = id;
        return finding;
      },
    ],
    ['receipt', () => checkReceipt(deps, input, message)],
  ];
  for (const [step, run] of steps) {
    const startedMs = deps.clock();
    const { passed, text, detail = null } = await run();
    const elapsedMs = deps.clock() - startedMs;
    deps.onStep({ step, passed, started_at: new Date(startedMs).toISOString(), elapsed_ms: elapsedMs, detail, text });
    if (passed === false) return false;
  }
  return true;
}

function checkList({ id, number, type, status, isByoc, verified }: List): Finding {
  const name = `List ${id}, ${number}, sends through ${type}`;
  if (status !== 'active') return { passed: false, detail: status, text: `${name} and is ${status}.` };
  if (isByoc && !verified) {
    return { passed: false, detail: 'webhook_not_configured', text: `${name} and is not verified by its account yet.` };
  }
  return { passed: true, text: `${name} and is active.` };
}

function checkCredentials({ findCredentialError }: CheckCarrierDeps, list: List): Finding {
  if (list.credentials === null) {
    return {
      passed: false,
      detail: 'unreadable',
      text: 'They cannot be opened: give them again with `trackly lists set`.',
    };
  }
  const problem = findCredentialError(list);
  if (problem !== undefined) return { passed: false, detail: 'incomplete', text: `For ${list.type}, ${problem}.` };
  return { passed: true, text: 'Nothing is missing.' };
}

async function checkConnection({ open }: CheckCarrierDeps, list: List): Promise<Finding> {
  await using probe = open(list);
  if (probe.check === undefined) {
    return { passed: null, text: `A carrier of the type ${list.type} cannot be asked whether it knows us.` };
  }
  const { passed, detail } = await probe.check();
  if (passed) return { passed, text: 'The carrier knows us by these credentials.' };
  const text = explainDetail(detail);
  return { passed, detail, text: `${text.charAt(0).toUpperCase()}${text.slice(1)}` };
}

async function checkServer({ isSending }: CheckCarrierDeps): Promise<Finding> {
  if (await isSending()) return { passed: true, text: 'A server runs that sends.' };
  return { passed: false, detail: null, text: 'No server runs that sends: start one with `trackly up`.' };
}

async function checkSend(
  deps: CheckCarrierDeps,
  { list, to, timeoutMs = TIMEOUT_MS }: CheckCarrierInput,
): Promise<Finding & { readonly id: string }> {
  if (to === undefined) return { id: '', passed: null, text: 'Nothing was sent: name a number of yours with --to.' };
  let id: string;
  try {
    // Never the same text twice, which would be a duplicate.
    const body = `Trackly test ${new Date(deps.clock()).toISOString()}`;
    id = await deps.send({ to, list: list.number, body });
  } catch (error) {
    if (!(error instanceof AppError)) throw error;
    return { id: '', passed: false, detail: error.code, text: `${error.message}.` };
  }
  const message = await waitFor(deps, id, timeoutMs, ({ state }) => state !== 'queued' && state !== 'scheduled');
  return { id, ...toSendFinding(id, message, timeoutMs) };
}

function toSendFinding(id: string, message: TestMessage, timeoutMs: number): Finding {
  const { state, status_detail: detail, carrier_code: code, carrier_message_ids: ids } = message;
  const named = ids.length === 0 ? '' : ` as ${ids.join(', ')}`;
  switch (state) {
    case 'sent':
    case 'delivered':
    case 'undelivered':
      return { passed: true, text: `The carrier took message ${id}${named}.` };
    case 'in_doubt':
      return {
        passed: false,
        detail: code,
        text: `The carrier gave no clear answer for message ${id}: ${explainDetail(code)}`,
      };
    case 'queued':
    case 'scheduled':
      return {
        passed: false,
        detail,
        text: `Message ${id} still waits after ${timeoutMs / SECOND_MS} s: read the log of the server, and try \`trackly doctor\`.`,
      };
    default:
      return { passed: false, detail: code ?? detail, text: `Message ${id} is ${state}: ${explainDetail(detail)}` };
  }
}

async function checkReceipt(
  deps: CheckCarrierDeps,
  { list, to, timeoutMs = TIMEOUT_MS }: CheckCarrierInput,
  id: string,
): Promise<Finding> {
  if (to === undefined) return { passed: null, text: 'Without a message there is no receipt.' };
  const message = await waitFor(deps, id, timeoutMs, ({ state }) => FINAL.has(state));
  const { state, status_detail: detail, carrier_code: code } = message;
  if (state === 'delivered') return { passed: true, detail, text: `Message ${id} is delivered.` };
  if (FINAL.has(state)) {
    return { passed: false, detail: code ?? detail, text: `Message ${id} is ${state}: ${explainDetail(detail)}` };
  }
  const url = deps.callbackUrl(list);
  const advice =
    url === null ? '' : ` See that the carrier can reach ${url} (TRACKLY_PUBLIC_URL), and that it is entered there.`;
  return { passed: false, detail, text: `No receipt of message ${id} within ${timeoutMs / SECOND_MS} s.${advice}` };
}

async function waitFor(
  { clock, read }: CheckCarrierDeps,
  id: string,
  timeoutMs: number,
  isOver: (message: TestMessage) => boolean,
): Promise<TestMessage> {
  const deadlineMs = clock() + timeoutMs;
  for (;;) {
    const message = await read(id);
    if (isOver(message) || clock() >= deadlineMs) return message;
    await pause(POLL_MS);
  }
}
