import type { CarrierReport, InboundText } from '../carrier.ts';
import { planFor, type Plan, type Step } from './behaviour.ts';
import type { SimulatedMessage } from './simulator-store.ts';

type ReceiptStep = Extract<Step, { kind: 'receipt' }>;

/** The plan that the message was taken with. */
export function planOf(message: SimulatedMessage): Plan {
  return planFor(message.to, message.messageId, message.profile);
}

/** When each step is due; `timeScale` 1 is real time. */
export function dueTimes(plan: Plan, submittedAtMs: number, timeScale: number): number[] {
  return plan.steps.map((step) => submittedAtMs + Math.round((plan.answerDelayMs + step.delayMs) * timeScale));
}

/** Decimal ids, one a part. */
export function carrierIdsOf(message: SimulatedMessage): string[] {
  return Array.from({ length: message.parts }, (_, part) => String(message.firstCarrierId + part));
}

/** The id that people see on handsets. */
export function toSimulatedId(seq: number): string {
  return `sim-${String(seq).padStart(6, '0')}`;
}

/** Adds the reports of one step: one a part, repeated as the step says. */
export function addReports(reports: CarrierReport[], message: SimulatedMessage, step: ReceiptStep, atMs: number): void {
  for (let copy = 0; copy < step.copies; copy++) {
    for (let part = 1; part <= message.parts; part++) reports.push(toReport(message, step, part, atMs));
  }
}

function toReport(message: SimulatedMessage, step: ReceiptStep, part: number, atMs: number): CarrierReport {
  const failed = step.failedPart === part && message.parts > 1;
  const id = message.firstCarrierId + part - 1;
  return {
    messageId: step.hexIdOnly ? null : message.messageId,
    carrierId: step.hexIdOnly ? id.toString(16) : String(id),
    part: message.parts > 1 ? part : null,
    state: failed ? 'undelivered' : step.state,
    detail: failed ? 'UNDELIVERABLE_NOT_DELIVERED' : step.detail,
    permanent: failed ? false : step.permanent,
    code: null,
    atMs,
  };
}

/** A text written on a handset as the carrier tells it. */
export function toInboundText(message: SimulatedMessage, atMs: number): InboundText {
  return { id: toSimulatedId(message.seq), from: message.from, to: message.to, text: message.body, atMs };
}

/** What the carrier knows of a taken message at `nowMs`: its last receipt until then, a failed part first. */
export function currentReport(message: SimulatedMessage, nowMs: number, timeScale: number): CarrierReport {
  const plan = planOf(message);
  const dueAtMs = dueTimes(plan, message.firstAtMs, timeScale);
  let report: CarrierReport = pendingReport(message);
  plan.steps.forEach((step, index) => {
    const atMs = dueAtMs[index] ?? nowMs;
    if (step.kind !== 'receipt' || step.state === 'sent' || atMs > nowMs) return;
    const reports: CarrierReport[] = [];
    addReports(reports, message, step, atMs);
    report = reports.find(({ state }) => state === 'undelivered') ?? reports[0] ?? report;
  });
  return { ...report, messageId: message.messageId, carrierId: String(message.firstCarrierId), part: null };
}

function pendingReport(message: SimulatedMessage): CarrierReport {
  return {
    messageId: message.messageId,
    carrierId: String(message.firstCarrierId),
    part: null,
    state: 'sent',
    detail: 'PENDING',
    permanent: null,
    code: null,
    atMs: message.firstAtMs,
  };
}
