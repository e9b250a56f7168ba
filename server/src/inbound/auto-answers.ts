import type { Account, List } from '../accounts/index.ts';
import { toNormalForm } from '../compliance/index.ts';
import { HOUR_MS, MINUTE_MS } from '../lib/clock.ts';
import { compileTemplate, renderTemplate } from '../lib/macros.ts';

/** `confirm` asks for a YES. */
export type AnswerKind = 'stop' | 'help' | 'start' | 'confirm';

/** What the carrier of a list answers by itself. */
export interface CarrierAnswers {
  readonly answeredKeywords?: ReadonlySet<string>;
  readonly isSimulated?: true;
}

/** Answers to one number within an hour at the most. */
export const MAX_ANSWERS = 4;
export const ANSWERS_WINDOW_MS = HOUR_MS;
/** HELP is answered once in so long. */
export const HELP_PAUSE_MS = 10 * MINUTE_MS;
/** A YES that comes later after its question answers nothing. */
export const CONFIRM_WITHIN_MS = 72 * HOUR_MS;
/** A text is answered within this time or not at all. */
export const ANSWER_WITHIN_MS = 5 * MINUTE_MS;

const DEFAULT_TEXTS: Readonly<Record<AnswerKind, string>> = {
  stop: '{{brand_name}}: You are unsubscribed and will get no more texts. Reply START to return.',
  help: '{{brand_name}}: For help contact {{support_contact}}. Msg and data rates may apply. Reply STOP to end.',
  start: '{{brand_name}}: You are subscribed again. Reply HELP for help, STOP to end.',
  confirm: 'Reply YES to get texts from {{brand_name}}.',
};

/** The text of an answer, macros filled. */
export function answerText(kind: AnswerKind, list: List, account: Account): string {
  const { replyStop, replyHelp, replyStart } = list.settings;
  const own = { stop: replyStop, help: replyHelp, start: replyStart, confirm: null }[kind];
  const values: Readonly<Record<string, string | null>> = {
    brand_name: list.brandName ?? account.settings.brandName ?? account.name,
    support_contact: account.settings.supportContact ?? account.ownerEmail,
  };
  return renderTemplate(compileTemplate(own ?? DEFAULT_TEXTS[kind]), (name) => values[name] ?? undefined);
}

/** US toll-free numbers (NANP 8YY), whose network answers STOP and START itself. */
const TOLL_FREE = /^\+18(?:00|33|44|55|66|77|88)/;

/** Whether we answer, by the list's `auto_reply`. `carrierTook`: the carrier told that it took the text for a keyword. */
export function isOurs(
  kind: AnswerKind,
  list: Pick<List, 'number' | 'settings'>,
  carrier: CarrierAnswers,
  text: { readonly body: string; readonly carrierTook: boolean },
): boolean {
  const { autoReply } = list.settings;
  if (autoReply !== 'auto') return autoReply === 'always';
  if (carrier.isSimulated === true || kind === 'confirm') return true;
  if (text.carrierTook) return false;
  if (kind !== 'help' && TOLL_FREE.test(list.number)) return false;
  return kind !== 'stop' || carrier.answeredKeywords?.has(toNormalForm(text.body)) !== true;
}

/** Counts what numbers were answered, so that no two machines talk to each other for ever. */
export class AnswerBook {
  readonly #given = new Map<number, { count: number; helpMs: number }>();

  note(phone: number, answer: string, atMs: number): void {
    const known = this.#given.get(phone) ?? { count: 0, helpMs: Number.NEGATIVE_INFINITY };
    known.count++;
    if (answer === 'help') known.helpMs = Math.max(known.helpMs, atMs);
    this.#given.set(phone, known);
  }

  mayAnswer(phone: number, kind: AnswerKind, nowMs: number): boolean {
    const known = this.#given.get(phone);
    if (known === undefined) return true;
    return known.count < MAX_ANSWERS && (kind !== 'help' || nowMs - known.helpMs >= HELP_PAUSE_MS);
  }
}
