import { textOf, type CredentialField, type Credentials } from '../../lib/credentials.ts';
import type {
  Carrier,
  CarrierCallbacks,
  CarrierConnection,
  CarrierList,
  SubmitMessage,
  SubmitOutcome,
} from '../carrier.ts';
import { outcomeOfStatus, refusedWith } from '../code-table.ts';
import type { Answered } from '../http-road/exchange.ts';
import type { HttpCarrierDeps } from '../http-road/http-carrier.ts';
import { submitOverHttp, type SubmitDialect } from '../http-road/submit.ts';
import { verifyPathSecret } from '../path-secret.ts';
import { readCall } from './callbacks.ts';
import { parsePath, textAt } from './path.ts';
import { type AnswerRules, readAnswerRules, readInboundRules, readReceiptRules, toProblem } from './settings.ts';
import { readSubmitTemplate } from './submit-template.ts';
import { meaningOfCode } from './words.ts';

const CREDENTIALS: readonly CredentialField[] = [
  { name: 'submit', required: true, kind: 'object', problem: toProblem(readSubmitTemplate) },
  {
    name: 'accepted_when',
    required: false,
    kind: 'object',
    problem: toProblem((accepted_when) => readAnswerRules({ accepted_when })),
  },
  { name: 'message_id_path', required: false, kind: 'text', problem: findPathError },
  { name: 'receipt', required: false, kind: 'object', problem: toProblem(readReceiptRules) },
  { name: 'inbound', required: false, kind: 'object', problem: toProblem(readInboundRules) },
  { name: 'callback_secret', required: false, kind: 'text' },
];

/** A carrier without a folder of its own: what it is told and how it answers is in the list (docs/carriers/http.md). */
export function createGenericHttpCarrier(deps: HttpCarrierDeps): Carrier {
  return {
    type: 'http',
    deduplicatesOwnId: false,
    credentials: CREDENTIALS,
    callbacks: CALLBACKS,
    connect: (list) => connect(deps, list),
  };
}

function findPathError(path: unknown): string | undefined {
  return parsePath(path) === undefined ? 'must be a path, such as messages.0.id, or . for the whole answer' : undefined;
}

const CALLBACKS: CarrierCallbacks = {
  answer: { contentType: 'application/json; charset=utf-8', body: '{"success":true}' },
  verify: verifyPathSecret,
  parse: (request, { receipt, inbound }) =>
    readCall(
      {
        receipt: receipt === undefined ? null : readReceiptRules(receipt),
        inbound: inbound === undefined ? null : readInboundRules(inbound),
      },
      request,
    ),
};

function connect({ roads, publicUrl }: HttpCarrierDeps, { accountId, credentials }: CarrierList): CarrierConnection {
  const submit = readSubmitTemplate(credentials['submit']);
  const answers = readAnswerRules(credentials);
  const road = roads.open(submit.origin);
  const callback = `${publicUrl}/api/webhook-feedbacks/http${toSecretPath(credentials)}?account=${accountId}&m=`;
  const echoesOwnId = submit.tellsCallback || isOwnIdInReceipts(credentials) || answers.idPath === undefined;
  const dialect: SubmitDialect = {
    batchSize: 1,
    toRequest: ([message]) => submit.toRequest(message as SubmitMessage, callback + (message as SubmitMessage).id),
    toOutcomes: ([message], answer) => [toOutcome(answers, answer, { ownId: message?.id ?? '', echoesOwnId })],
  };
  return {
    submit: (messages, settle, signal) => submitOverHttp(road, dialect, messages, settle, signal),
    [Symbol.asyncDispose]: () => road[Symbol.asyncDispose](),
  };
}

function toSecretPath(credentials: Credentials): string {
  const secret = textOf(credentials, 'callback_secret');
  return secret === undefined ? '' : `/${encodeURIComponent(secret)}`;
}

function isOwnIdInReceipts({ receipt }: Credentials): boolean {
  return receipt !== undefined && readReceiptRules(receipt).messageId !== undefined;
}

/** @returns undefined when the answer proves nothing */
function toOutcome(
  rules: AnswerRules,
  answer: Answered,
  { ownId, echoesOwnId }: { readonly ownId: string; readonly echoesOwnId: boolean },
): SubmitOutcome | undefined {
  const said = readAnswer(answer);
  const code = textAt(said, rules.codePath);
  if (answer.status < 200 || answer.status > 299) return toFailure(rules, answer.status, code);
  if (rules.statuses !== null && !rules.statuses.has(answer.status)) return undefined;
  if (rules.path !== undefined) {
    const value = textAt(said, rules.path);
    if (value === null) return code === null ? undefined : refusedWith(meaningOfCode(rules.codes, code), code);
    if (rules.values !== null && !rules.values.has(value)) {
      const reason = code ?? value;
      return refusedWith(meaningOfCode(rules.codes, reason), reason);
    }
  }
  const carrierId = textAt(said, rules.idPath);
  return {
    kind: 'accepted',
    carrierIds: [carrierId ?? ownId],
    detail: 'PENDING',
    echoesOwnId: echoesOwnId || carrierId === null,
  };
}

/** A fault of the carrier leaves doubt, whatever code it names. */
function toFailure(rules: AnswerRules, status: number, code: string | null): SubmitOutcome {
  const isOfStatusAlone = code === null || status === 401 || status === 403 || status === 429;
  if (status < 400 || status > 499 || isOfStatusAlone) return outcomeOfStatus(status);
  return refusedWith(meaningOfCode(rules.codes, code), code);
}

/** JSON where it is some, else the text. */
function readAnswer({ text }: Answered): unknown {
  try {
    return JSON.parse(text) as unknown;
  } catch {
    return text.trim();
  }
}
