import type { Caller, Directory, List } from '../accounts/index.ts';
import type { Clock } from '../lib/clock.ts';
import { MINUTE_MS } from '../lib/clock.ts';
import { isE164, phoneToNumber } from '../lib/e164.ts';
import { AppError } from '../lib/errors.ts';
import type { Row } from '../lib/fields.ts';
import { hasInboundText } from '../store/inbound-store.ts';
import { readVerification, type Verification, writeVerification } from '../store/list-store.ts';
import type { Pool } from '../store/pool.ts';
import { findStopped } from '../store/recipient-store.ts';
import { withTransaction } from '../store/transaction.ts';
import { findOwnList } from './find-own-list.ts';

const STEPS = ['credentials', 'send', 'webhook'] as const;

export type VerifyStep = (typeof STEPS)[number];

/** What a carrier said to a question or a text of ours. `detail`: our word or its code. */
export interface CarrierFinding {
  readonly passed: boolean;
  readonly detail: string | null;
}

export interface VerifyListDeps {
  readonly pool: Pool;
  readonly directory: Pick<Directory, 'list' | 'listByV1Id' | 'refresh'>;
  readonly clock: Clock;
  /** Whether the carrier knows us by the list's credentials. */
  readonly check: (list: List) => Promise<CarrierFinding>;
  /** Hands one text to the carrier, past the gate, which lets nothing of an unverified list through. */
  readonly sendTest: (list: List, to: string) => Promise<CarrierFinding>;
}

/** Answer of `POST /api/v2/lists/{list_id}/verify`. */
export interface ListVerification {
  readonly success: true;
  readonly step: VerifyStep;
  readonly passed: boolean;
  readonly verified: boolean;
  /** What to do next; null: nothing is left. */
  readonly next_step: VerifyStep | null;
  readonly detail: string | null;
}

/** A reply must come by then. */
const REPLY_WITHIN_MS = 15 * MINUTE_MS;

/**
 * One step of the proof that a list works: its credentials are known, a text leaves, and the reply to it comes back to our
 * callback. After the last the list may send.
 * @throws AppError `not_found`, `missing_step`, `invalid_step`, `missing_to`, `invalid_phone`, `step_out_of_order`
 */
export async function verifyList(
  deps: VerifyListDeps,
  caller: Caller,
  { id, body }: { readonly id: string; readonly body: Row },
): Promise<ListVerification> {
  const list = findOwnList(deps, caller, id);
  const { step, to } = parseVerify(body);
  const before = await readVerification(deps.pool, list.id);
  if (isTooEarly(step, to, before)) throw new AppError('step_out_of_order');
  const { finding, verification } = await run(deps, list, { step, to, before });
  const isDone = finding.passed && step === 'webhook';
  const change = { before, after: verification, verified: isDone };
  const isWritten = await withTransaction(deps.pool, (tx) => writeVerification(tx, list.id, change));
  if (!isWritten) throw new AppError('step_out_of_order');
  await deps.directory.refresh();
  const verified = deps.directory.list(list.id)?.verified ?? false;
  const next = finding.passed ? (STEPS[STEPS.indexOf(step) + 1] ?? null) : step;
  return { success: true, step, passed: finding.passed, verified, next_step: next, detail: finding.detail };
}

interface Step {
  readonly step: VerifyStep;
  /** Empty for credentials. */
  readonly to: string;
}

function parseVerify(body: Row): Step {
  const given = body['step'];
  if (given === undefined || given === null || given === '') throw new AppError('missing_step');
  const step = STEPS.find((known) => known === given);
  if (step === undefined) throw new AppError('invalid_step');
  if (step === 'credentials') return { step, to: '' };
  const to = body['to'];
  if (to === undefined || to === null || to === '') throw new AppError('missing_to');
  if (typeof to !== 'string' || !isE164(to)) throw new AppError('invalid_phone');
  return { step, to };
}

/** The reply must come from the number that the text went to. */
function isTooEarly(step: VerifyStep, to: string, { credentials, sentTo }: Verification): boolean {
  if (step === 'send') return credentials !== true;
  return step === 'webhook' && sentTo !== phoneToNumber(to);
}

async function run(
  deps: VerifyListDeps,
  list: List,
  { step, to, before }: Step & { readonly before: Verification },
): Promise<{ readonly finding: CarrierFinding; readonly verification: Verification }> {
  if (step === 'credentials') {
    const finding = await deps.check(list);
    return { finding, verification: { credentials: finding.passed } };
  }
  if (step === 'send') {
    // It goes past the gate, and opt-outs hold there too.
    if ((await findStopped(deps.pool, list.id, [phoneToNumber(to)])).length > 0) {
      return { finding: { passed: false, detail: 'contact_blocked' }, verification: before };
    }
    // A reply may be faster than the answer to the submit.
    const sent = { ...before, sentTo: phoneToNumber(to), sentMs: deps.clock() };
    const finding = await deps.sendTest(list, to);
    return { finding, verification: finding.passed ? sent : before };
  }
  const sentMs = before.sentMs ?? 0;
  const window = { fromMs: sentMs, untilMs: sentMs + REPLY_WITHIN_MS };
  const passed = await hasInboundText(deps.pool, list.id, phoneToNumber(to), window);
  const isLate = !passed && deps.clock() > window.untilMs;
  return { finding: { passed, detail: isLate ? 'NO_REPLY' : null }, verification: before };
}
