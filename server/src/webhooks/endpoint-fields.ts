import { isIP } from 'node:net';
import { Type } from 'typebox';
import {
  booleanKind,
  createFieldTable,
  customKind,
  enumKind,
  isCleanText,
  textKind,
  wordSchema,
  type Field,
  type FieldKind,
  type FieldTable,
} from '../lib/fields.ts';
import type { AddressRules } from './address-rules.ts';
import { EVENT_NAMES } from './events.ts';
import { isSecret } from './signature.ts';

const MAX_URL_LENGTH = 2_048;
const MAX_DESCRIPTION_LENGTH = 255;
const EVERY_EVENT = '*';

/** What an operator lets endpoints be. */
export interface EndpointRules {
  readonly allowHttp: boolean;
  readonly addresses: AddressRules;
}

/** What requests about endpoints may say. */
export interface EndpointFields {
  readonly create: FieldTable;
  readonly update: FieldTable;
  readonly rotate: FieldTable;
  readonly test: FieldTable;
}

export function createEndpointFields(rules: EndpointRules): EndpointFields {
  const url = {
    ...field('url', urlKind(rules), 'https address that events are posted to', 'invalid_url'),
    explain: (value: unknown) => findUrlProblem(value, rules),
  };
  const events = {
    ...field('events', eventsKind(), 'Names of events, or `*` alone for all', 'invalid_events'),
    explain: findEventsProblem,
  };
  const description = field(
    'description',
    textKind({ maxLength: MAX_DESCRIPTION_LENGTH }),
    'For people',
    'invalid_description',
  );
  const includeDrops = field(
    'include_drops',
    booleanKind(true),
    'Whether `delivery` also tells of messages that were not sent',
    'invalid_include_drops',
  );
  const secret = field('secret', secretKind(), 'Signs the requests; made when it is absent', 'invalid_secret');
  const status = field('status', enumKind(['active', 'paused']), 'Paused ones keep what waits', 'invalid_status');
  const event = field('event', enumKind(EVENT_NAMES, 'delivery'), 'Which sample is sent', 'invalid_event');
  return {
    create: createFieldTable([
      { ...url, missing: 'missing_url' },
      { ...events, missing: 'missing_events' },
      description,
      secret,
      includeDrops,
    ]),
    update: createFieldTable([url, events, description, includeDrops, status]),
    rotate: createFieldTable([secret]),
    test: createFieldTable([event]),
  };
}

/** What the reference page shows: rules are the operator's. */
export const endpointFieldDocs = createEndpointFields({ allowHttp: true, addresses: { allows: () => true } });

function field(name: string, kind: FieldKind, description: string, invalid: Field['invalid']): Field {
  return { name, kind, description, invalid };
}

function urlKind(rules: EndpointRules): FieldKind {
  const schema = Type.String({ format: 'uri', maxLength: MAX_URL_LENGTH, examples: ['https://hooks.example.net/sms'] });
  return customKind(schema, (value) => findUrlProblem(value, rules) === undefined);
}

/** Addresses in the place of a name are judged in every spelling that URLs know; names are judged when they are called. */
function findUrlProblem(value: unknown, { allowHttp, addresses }: EndpointRules): string | undefined {
  if (typeof value !== 'string') return 'url must be a string';
  if (value.length > MAX_URL_LENGTH) return `url must be at most ${MAX_URL_LENGTH} characters long`;
  if (!isCleanText(value) || !/^https?:\/\//i.test(value) || !URL.canParse(value)) return 'url cannot be read';
  const { protocol, hostname, username, password } = new URL(value);
  if (protocol !== 'https:' && !allowHttp) return 'url must begin with https://';
  if (hostname === '' || username !== '' || password !== '') return 'url must name a host, and no user or password';
  const host = hostname.replace(/^\[(.*)\]$/, '$1').replace(/\.$/, '');
  const isLocal = host === 'localhost' || host.endsWith('.localhost');
  const address = isLocal ? '127.0.0.1' : host;
  if (isIP(address) === 0 || addresses.allows(address)) return undefined;
  return 'url must lead to a public address: this one is private or reserved';
}

function eventsKind(): FieldKind {
  const schema = Type.Array(wordSchema([...EVENT_NAMES, EVERY_EVENT]), {
    minItems: 1,
    examples: [['delivery', 'reply']],
  });
  const isValid = (value: unknown): boolean => findEventsProblem(value) === undefined;
  return customKind(schema, isValid, (value) => Array.isArray(value) && value.length === 0);
}

function findEventsProblem(value: unknown): string | undefined {
  if (!Array.isArray(value) || value.length === 0) return 'events must be an array with at least one name';
  if (value.includes(EVERY_EVENT)) return value.length === 1 ? undefined : `"${EVERY_EVENT}" must be alone`;
  const unknown = value.findIndex((name) => !(EVENT_NAMES as readonly unknown[]).includes(name));
  return unknown < 0 ? undefined : `events[${unknown}] is none of ${EVENT_NAMES.join(', ')}`;
}

function secretKind(): FieldKind {
  const schema = Type.String({ pattern: '^whsec_[A-Za-z0-9+/]+={0,2}$' });
  return customKind(schema, (value) => typeof value === 'string' && isSecret(value));
}
