import type { Credentials } from '../../lib/credentials.ts';
import { isPlainObject } from '../../lib/fields.ts';
import { parsePath, type Path } from './path.ts';
import { isWord, WORD_NAMES } from './words.ts';

export type ReportState = 'sent' | 'delivered' | 'undelivered' | 'failed';

/** `accepted_when` and `message_id_path`: how an answer is read. */
export interface AnswerRules {
  /** HTTP statuses; null: 200 to 299. */
  readonly statuses: ReadonlySet<number> | null;
  readonly path: Path | undefined;
  /** Values at `path` that accept; null: it only has to be there. */
  readonly values: ReadonlySet<string> | null;
  readonly codePath: Path | undefined;
  readonly codes: ReadonlyMap<string, string>;
  readonly idPath: Path | undefined;
}

/** `receipt`. */
export interface ReceiptRules {
  readonly items: Path;
  readonly messageId: Path | undefined;
  readonly carrierId: Path | undefined;
  readonly state: Path;
  readonly states: ReadonlyMap<string, { readonly state: ReportState; readonly detail: string | null }>;
  readonly code: Path | undefined;
  readonly codes: ReadonlyMap<string, string>;
  readonly at: Path | undefined;
  readonly from: Path | undefined;
}

/** `inbound`. */
export interface InboundRules {
  readonly items: Path;
  readonly id: Path | undefined;
  readonly from: Path;
  readonly to: Path | undefined;
  readonly text: Path;
  readonly at: Path | undefined;
}

/** The settings cannot be used; the message names the key. */
export class SettingsError extends Error {
  override readonly name = 'SettingsError';
}

const STATES: readonly string[] = ['sent', 'delivered', 'undelivered', 'failed'] satisfies ReportState[];

/** @throws SettingsError */
export function readAnswerRules(credentials: Credentials): AnswerRules {
  const rules = readObject(credentials['accepted_when'] ?? {}, ['status', 'path', 'in', 'code_path', 'codes']);
  const values = rules['in'];
  if (values !== undefined && (!isTexts(values) || rules['path'] === undefined)) {
    throw new SettingsError('in must be a list of texts and goes with path');
  }
  return {
    statuses: readStatuses(rules['status']),
    path: readPath(rules, 'path'),
    values: isTexts(values) ? new Set(values.map(String)) : null,
    codePath: readPath(rules, 'code_path'),
    codes: readCodes(rules['codes']),
    idPath: readPath(credentials, 'message_id_path'),
  };
}

/** @throws SettingsError */
export function readReceiptRules(value: unknown): ReceiptRules {
  const names = ['items', 'message_id', 'carrier_id', 'state', 'states', 'code', 'codes', 'at', 'from'];
  const rules = readObject(value, names);
  const state = readPath(rules, 'state');
  if (state === undefined) throw new SettingsError('state is required: the path of the status');
  return {
    items: readPath(rules, 'items') ?? [],
    messageId: readPath(rules, 'message_id'),
    carrierId: readPath(rules, 'carrier_id'),
    state,
    states: readStates(rules['states']),
    code: readPath(rules, 'code'),
    codes: readCodes(rules['codes']),
    at: readPath(rules, 'at'),
    from: readPath(rules, 'from'),
  };
}

/** @throws SettingsError */
export function readInboundRules(value: unknown): InboundRules {
  const rules = readObject(value, ['items', 'id', 'from', 'to', 'text', 'at']);
  const [from, text] = [readPath(rules, 'from'), readPath(rules, 'text')];
  if (from === undefined || text === undefined) throw new SettingsError('from and text are required: their paths');
  return {
    items: readPath(rules, 'items') ?? [],
    id: readPath(rules, 'id'),
    from,
    to: readPath(rules, 'to'),
    text,
    at: readPath(rules, 'at'),
  };
}

/** What makes a check of a credential field of a reader that throws. */
export function toProblem(read: (value: unknown) => unknown): (value: unknown) => string | undefined {
  return (value) => {
    try {
      read(value);
      return undefined;
    } catch (error) {
      if (error instanceof Error) return `cannot be used: ${error.message}`;
      throw error;
    }
  };
}

/** @throws SettingsError for keys that are not in `names`: most are misspelt */
export function readObject(value: unknown, names: readonly string[]): Readonly<Record<string, unknown>> {
  if (!isPlainObject(value)) throw new SettingsError('it must be an object');
  const stranger = Object.keys(value).find((name) => !names.includes(name));
  if (stranger === undefined) return value;
  throw new SettingsError(`${stranger.slice(0, 40)} is not known; there are ${names.join(', ')}`);
}

function readPath(rules: Readonly<Record<string, unknown>>, name: string): Path | undefined {
  if (rules[name] === undefined) return undefined;
  const path = parsePath(rules[name]);
  if (path === undefined) throw new SettingsError(`${name} must be a path, such as results.0.id`);
  return path;
}

function readStatuses(value: unknown): ReadonlySet<number> | null {
  if (value === undefined) return null;
  const isStatus = (status: unknown): status is number =>
    Number.isInteger(status) && Number(status) >= 200 && Number(status) <= 299;
  if (Array.isArray(value) && value.length > 0 && value.every(isStatus)) return new Set(value);
  throw new SettingsError('status must be a list of HTTP statuses from 200 to 299');
}

function readStates(value: unknown): ReceiptRules['states'] {
  if (!isPlainObject(value) || Object.keys(value).length === 0) {
    throw new SettingsError('states is required: the carrier’s words with sent, delivered, undelivered or failed');
  }
  return new Map(
    Object.entries(value).map(([theirs, ours]) => {
      const { state, detail } = typeof ours === 'string' ? { state: ours } : readObject(ours, ['state', 'detail']);
      if (typeof state !== 'string' || !STATES.includes(state)) {
        throw new SettingsError(`states.${theirs.slice(0, 40)} must be one of ${STATES.join(', ')}`);
      }
      if (detail !== undefined && !isWord(detail)) throw wrongWord(`states.${theirs.slice(0, 40)}.detail`);
      return [theirs, { state: state as ReportState, detail: detail ?? null }];
    }),
  );
}

function readCodes(value: unknown): ReadonlyMap<string, string> {
  if (value === undefined) return new Map();
  if (!isPlainObject(value)) throw new SettingsError('codes must be an object: the carrier’s codes with our words');
  return new Map(
    Object.entries(value).map(([code, word]) => {
      if (!isWord(word)) throw wrongWord(`codes.${code.slice(0, 40)}`);
      return [code, word];
    }),
  );
}

function wrongWord(name: string): SettingsError {
  return new SettingsError(`${name} must be one of ${WORD_NAMES.join(', ')}`);
}

function isTexts(value: unknown): value is readonly (string | number | boolean)[] {
  return (
    Array.isArray(value) &&
    value.length > 0 &&
    value.every((item) => ['string', 'number', 'boolean'].includes(typeof item))
  );
}
