import type { Alphabet, ClientOptions, LongMessages } from '@trackly/smpp';
import { type CredentialField, type Credentials, textOf } from '../../lib/credentials.ts';
import { RECEIPT_WORDS } from './codes.ts';

const MESSAGE_ID_FORMS = ['auto', 'verbatim', 'hex_to_dec', 'dec_to_hex'] as const;

const octet = { required: false, kind: 'integer', least: 0, problem: atMost(255) } as const;

/** What a list has to know of its SMSC, and what it may say of how that wants to be spoken to. */
export const SMPP_CREDENTIALS: readonly CredentialField[] = [
  { name: 'host', required: true, kind: 'text', pattern: /^[A-Za-z0-9.:_-]{1,253}$/ },
  { name: 'port', required: true, kind: 'integer', problem: atMost(65_535) },
  { name: 'system_id', required: true, kind: 'text', problem: noLongerThan(15) },
  { name: 'password', required: true, kind: 'text', problem: noLongerThan(8) },
  { name: 'system_type', required: false, kind: 'text', problem: noLongerThan(12) },
  { name: 'tls', required: false, kind: 'boolean' },
  { name: 'bind_mode', required: false, kind: 'text', oneOf: ['transceiver', 'transmitter+receiver'] },
  { name: 'binds', required: false, kind: 'integer', problem: atMost(50) },
  { name: 'window', required: false, kind: 'integer', problem: atMost(10_000) },
  { name: 'rate_per_second', required: false, kind: 'integer', problem: atMost(1_000_000) },
  { name: 'response_timeout_s', required: false, kind: 'integer', problem: atMost(300) },
  { name: 'enquire_link_s', required: false, kind: 'integer', problem: atMost(3_600) },
  { name: 'source_ton', ...octet },
  { name: 'source_npi', ...octet },
  { name: 'dest_ton', ...octet },
  { name: 'dest_npi', ...octet },
  { name: 'number_plus', required: false, kind: 'boolean' },
  { name: 'gsm_alphabet', required: false, kind: 'text', oneOf: ['gsm0338', 'latin1', 'ascii'] },
  { name: 'long_messages', required: false, kind: 'text', oneOf: ['udh8', 'udh16', 'sar', 'payload'] },
  { name: 'message_id_form', required: false, kind: 'text', oneOf: MESSAGE_ID_FORMS },
  { name: 'query_supported', required: false, kind: 'boolean' },
  { name: 'receipt_errors', required: false, kind: 'object', problem: findReceiptErrorProblem },
];

/** The settings with their defaults. */
export interface SmppSettings {
  /** What a session of the list needs. */
  readonly client: ClientOptions;
  readonly sourceTon: number | null;
  readonly sourceNpi: number | null;
  readonly destinationTon: number | null;
  readonly destinationNpi: number | null;
  readonly numberPlus: boolean;
  /** What texts of the GSM alphabet are written in, and what data_coding 0 means in what comes in. */
  readonly alphabet: Alphabet;
  readonly dataCoding: number;
  readonly longMessages: LongMessages;
  readonly messageIdForm: (typeof MESSAGE_ID_FORMS)[number];
  readonly querySupported: boolean;
  /** Our words by the `err` of receipts. */
  readonly receiptErrors: ReadonlyMap<string, string>;
}

const ALPHABETS = {
  gsm0338: { alphabet: 'gsm7', dataCoding: 0 },
  latin1: { alphabet: 'latin1', dataCoding: 3 },
  ascii: { alphabet: 'ascii', dataCoding: 0 },
} as const;

const SECOND_MS = 1_000;

export function readSettings(credentials: Credentials): SmppSettings {
  const number = (name: string): number | null => {
    const value = credentials[name];
    return typeof value === 'number' ? value : null;
  };
  const oneOf = <T extends string>(name: string, fallback: T): T => (textOf(credentials, name) ?? fallback) as T;
  const { alphabet, dataCoding } = ALPHABETS[oneOf<keyof typeof ALPHABETS>('gsm_alphabet', 'gsm0338')];
  const ratePerSecond = number('rate_per_second');
  return {
    client: {
      host: textOf(credentials, 'host') ?? '',
      port: number('port') ?? 0,
      systemId: textOf(credentials, 'system_id') ?? '',
      password: textOf(credentials, 'password') ?? '',
      systemType: textOf(credentials, 'system_type') ?? '',
      bindMode: oneOf('bind_mode', 'transceiver'),
      binds: number('binds') ?? 1,
      window: number('window') ?? 10,
      responseTimeoutMs: (number('response_timeout_s') ?? 30) * SECOND_MS,
      enquireLinkMs: (number('enquire_link_s') ?? 30) * SECOND_MS,
      ...(ratePerSecond === null ? {} : { ratePerSecond }),
      ...(credentials['tls'] === true ? { tls: {} } : {}),
    },
    sourceTon: number('source_ton'),
    sourceNpi: number('source_npi'),
    destinationTon: number('dest_ton'),
    destinationNpi: number('dest_npi'),
    numberPlus: credentials['number_plus'] === true,
    alphabet,
    dataCoding,
    longMessages: oneOf('long_messages', 'udh8'),
    messageIdForm: oneOf('message_id_form', 'auto'),
    querySupported: credentials['query_supported'] === true,
    receiptErrors: new Map(Object.entries((credentials['receipt_errors'] ?? {}) as Record<string, string>)),
  };
}

/** Lists with the same key are one account at one SMSC, which hands what comes in to any of their sessions. */
export function toAccessKey(credentials: Credentials): string {
  return JSON.stringify(['host', 'port', 'system_id', 'password'].map((name) => credentials[name]));
}

function atMost(highest: number): (value: unknown) => string | undefined {
  return (value) => ((value as number) <= highest ? undefined : `must be at most ${highest}`);
}

/** Octets in their place on the wire (SMPP 3.4 §5.2), the ending NUL not counted. */
function noLongerThan(octets: number): (value: unknown) => string | undefined {
  return (value) =>
    /^[\x20-\x7e]*$/.test(String(value)) && String(value).length <= octets
      ? undefined
      : `must have at most ${octets} characters of ASCII`;
}

function findReceiptErrorProblem(value: unknown): string | undefined {
  const words = Object.values(value as object) as unknown[];
  const known = words.every((word) => typeof word === 'string' && RECEIPT_WORDS.has(word));
  return known ? undefined : `must name one of these for each code: ${[...RECEIPT_WORDS.keys()].join(', ')}`;
}
