import type { SubmitMessage } from '../carrier.ts';
import type { RoadRequest } from '../http-road/exchange.ts';
import { readObject, SettingsError } from './settings.ts';
import { type Escaping, parseTemplate, type Template, type TemplateNames } from './template.ts';

/** How a message becomes a request. */
export interface SubmitTemplate {
  /** `https://host:port`, where it goes whatever is filled in. */
  readonly origin: string;
  /** The carrier is told where its receipts go, with our own id. */
  readonly tellsCallback: boolean;
  toRequest(message: SubmitMessage, callbackUrl: string): RoadRequest;
}

const METHODS = ['GET', 'POST', 'PUT', 'PATCH'] as const;
type Method = (typeof METHODS)[number];

/** What can be named, with a sample that shows what is not escaped. */
const NAMES: TemplateNames = new Map([
  ['id', 'k3Vd81Qz'],
  ['to', '+13125550142'],
  ['from', '+18445550111'],
  ['text', 'Quote " backslash \\ line\n<&> %+ é 😀'],
  ['segments', '1'],
  ['encoding', 'GSM-7'],
  ['validity_minutes', '240'],
  ['callback_url', 'https://sms.example.net/api/webhook-feedbacks/http?account=68f0&m=k3Vd81Qz'],
]);
/** What can never hold a line break, so that it may stand in a header. */
const HEADER_NAMES: TemplateNames = new Map([...NAMES].filter(([name]) => name !== 'text'));

/** Set by the connection, not by a template. */
const OWN_HEADERS: ReadonlySet<string> = new Set([
  'host',
  'content-length',
  'transfer-encoding',
  'connection',
  'expect',
  'upgrade',
]);

/**
 * Reads `submit` of the credentials and tries it with a sample.
 * @throws SettingsError or TemplateError that names the key and the place
 */
export function readSubmitTemplate(value: unknown): SubmitTemplate {
  const { method = 'POST', url, headers = {}, body } = readObject(value, ['method', 'url', 'headers', 'body']);
  if (!METHODS.includes(method as Method)) throw new SettingsError(`method must be one of ${METHODS.join(', ')}`);
  const address = readAddress(url);
  const fixed = readHeaders(headers, body);
  const content = readBody(body, fixed.contentType, method as Method);
  const templates = [
    address.path,
    ...fixed.templates.map(([, template]) => template),
    ...(content === null ? [] : [content]),
  ];
  return {
    origin: address.origin,
    tellsCallback: templates.some(({ names }) => names.has('callback_url')),
    toRequest(message, callbackUrl) {
      const values = toValues(message, callbackUrl);
      return {
        method: method as Method,
        path: address.path.render(values),
        headers: Object.fromEntries(fixed.templates.map(([name, template]) => [name, template.render(values)])),
        ...(content === null ? {} : { body: content.render(values) }),
      };
    },
  };
}

function toValues(message: SubmitMessage, callbackUrl: string): Readonly<Record<string, string>> {
  return {
    id: message.id,
    to: message.to,
    from: message.from,
    text: message.body,
    segments: String(message.segments),
    encoding: message.encoding,
    validity_minutes: String(message.validityMinutes),
    callback_url: callbackUrl,
  };
}

function inKey<T>(key: string, read: () => T): T {
  try {
    return read();
  } catch (error) {
    if (error instanceof Error) throw new SettingsError(`${key}: ${error.message}`, { cause: error });
    throw error;
  }
}

/** Only behind the host may something be filled in: no text can send a message, or the headers, elsewhere. */
function readAddress(url: unknown): { readonly origin: string; readonly path: Template } {
  if (typeof url !== 'string') throw new SettingsError('url is required');
  const [, origin = '', rest = ''] = /^(https?:\/\/[^/?#{}\s]+)(.*)$/s.exec(url) ?? [];
  if (origin === '' || !URL.canParse(origin) || !/^([/?]|$)/.test(rest)) {
    throw new SettingsError('url must begin with http:// or https:// and a host without {{}}');
  }
  const { username, password } = new URL(origin);
  if (`${username}${password}` !== '') throw new SettingsError('url must have no user or password; use a header');
  if (/[#\s]/.test(rest.replace(/\{\{.*?\}\}/g, ''))) throw new SettingsError('url must have no white space and no #');
  const whole = inKey('url', () => parseTemplate(url, NAMES, 'url'));
  const slash = rest.startsWith('/') ? '' : '/';
  return { origin, path: { ...whole, render: (values) => slash + whole.render(values).slice(origin.length) } };
}

interface Headers {
  /** Names in lower case. */
  readonly templates: readonly (readonly [name: string, value: Template])[];
  readonly contentType: string;
}

function readHeaders(value: unknown, body: unknown): Headers {
  const given = Object.entries(readObject(value, Object.keys(value ?? {})));
  const templates = given.map(([name, text]): readonly [string, Template] => {
    const key = `headers.${name.slice(0, 40)}`;
    if (!/^[A-Za-z0-9!#$%&'*+.^_`|~-]+$/.test(name) || OWN_HEADERS.has(name.toLowerCase())) {
      throw new SettingsError(`${key} is a name that cannot be set`);
    }
    if (typeof text !== 'string' || !/^[\x20-\x7e]*$/.test(text)) {
      throw new SettingsError(`${key} must be a text of printable ASCII characters`);
    }
    return [name.toLowerCase(), inKey(key, () => parseTemplate(text, HEADER_NAMES, 'none'))];
  });
  const named = given.find(([name]) => name.toLowerCase() === 'content-type')?.[1];
  if (typeof named === 'string') return { templates, contentType: named };
  if (body === undefined) return { templates, contentType: '' };
  const contentType = typeof body === 'string' ? '' : 'application/json';
  if (contentType === '') throw new SettingsError('headers.Content-Type is required: it says how the body is escaped');
  return { templates: [...templates, ['content-type', parseTemplate(contentType, HEADER_NAMES, 'none')]], contentType };
}

const ESCAPINGS: readonly (readonly [RegExp, Escaping])[] = [
  [/^application\/(.+\+)?json\b/i, 'json'],
  [/^application\/x-www-form-urlencoded\b/i, 'form'],
  [/^(application|text)\/(.+\+)?xml\b/i, 'xml'],
  [/^text\/plain\b/i, 'none'],
];

function readBody(body: unknown, contentType: string, method: Method): Template | null {
  if (body === undefined) return null;
  if (method === 'GET') throw new SettingsError('body: a GET has none');
  const text = typeof body === 'string' ? body : JSON.stringify(body);
  const escaping = ESCAPINGS.find(([pattern]) => pattern.test(contentType))?.[1];
  if (escaping === undefined) {
    const known = 'application/json, application/x-www-form-urlencoded, application/xml, text/xml, text/plain';
    throw new SettingsError(`headers.Content-Type must be one of ${known}`);
  }
  if (escaping !== 'json' && typeof body !== 'string')
    throw new SettingsError('body must be a text for this Content-Type');
  return inKey('body', () => {
    const template = parseTemplate(text, NAMES, escaping);
    if (escaping === 'json') assertJson(template);
    return template;
  });
}

/** Holes outside of quotes, commas too many and the like show with the sample. */
function assertJson(template: Template): void {
  try {
    JSON.parse(template.render(Object.fromEntries(NAMES)));
  } catch (error) {
    // What the parser says quotes the text, which may hold a password.
    const position = /at position (\d+)/.exec(String(error))?.[1];
    const place = position === undefined ? '' : ` (character ${Number(position) + 1})`;
    throw new SettingsError(`with its holes filled it is no JSON${place}; are texts in quotes?`);
  }
}
