import { once } from 'node:events';
import type { Twin, TwinType } from '@trackly/server/operator';
import type { Command, Context } from '../command.ts';
import type { Input } from '../input.ts';
import { loadTwins } from '../installation.ts';
import { findNearest } from '../nearest.ts';
import { UsageError } from '../usage-error.ts';

export const simulateCommand: Command = {
  name: 'simulate',
  summary: 'Run a peer that speaks as a carrier does, to try a set-up without an account there',
  arguments: [{ name: 'CARRIER', summary: 'twilio, infobip, cm, telnyx or http' }],
  flags: [
    { name: 'port', value: 'PORT', summary: 'Where to listen on 127.0.0.1; default: any free port' },
    {
      name: 'callback-url',
      value: 'URL',
      summary: 'Where inbound texts go, and receipts when the submit names no address',
    },
    {
      name: 'behaviour',
      value: 'NAME',
      summary: 'A fault to show; a wrong name lists them all',
      repeatable: true,
    },
  ],
  examples: [
    'trackly simulate twilio',
    'trackly simulate smpp --port 2775 --behaviour refused-binds',
    'trackly simulate telnyx --port 4010 --behaviour throttling --behaviour duplicate-receipts',
    'trackly simulate cm --callback-url "http://127.0.0.1:8080/api/webhook-feedbacks/cm/cm-twin-secret?account=68f0..."',
  ],
  run: simulate,
};

async function simulate({ input, output }: Context): Promise<number> {
  const twins = await loadTwins();
  const type = parseName(input.argument('CARRIER'), 'carrier', twins.TWIN_TYPES) as TwinType;
  const names = Object.keys(twins.twinBehavioursOf(type));
  const behaviours = input.texts('behaviour').map((name) => parseName(name, 'behaviour', names));
  const port = parsePort(input.text('port'));
  const callbackUrl = parseUrl(input);
  if (type === 'smpp' && callbackUrl !== undefined) {
    throw new UsageError('--callback-url: an SMSC has none; receipts and texts come over the session');
  }
  await using twin = await twins.startTwin(type, {
    port,
    behaviours,
    ...(callbackUrl === undefined ? {} : { callbackUrl }),
  });
  const { url, credentials } = twin;
  const shown = { carrier: type, url, credentials, callback_url: callbackUrl ?? null, behaviours };
  output.answer(shown, () => toWelcome(type, twin, callbackUrl));
  await Promise.race([once(process, 'SIGINT'), once(process, 'SIGTERM')]);
  output.note(toFarewell(twin));
  return 0;
}

/** @throws UsageError that names the one that may be meant, and all of them */
function parseName(name: string, what: string, names: readonly string[]): string {
  if (names.includes(name)) return name;
  const nearest = findNearest(name, names);
  const hint = nearest === undefined ? '' : ` Did you mean \`${nearest}\`?`;
  throw new UsageError(`Unknown ${what} \`${name}\`.${hint} There are ${names.join(', ')}.`);
}

function parsePort(text: string | undefined): number {
  const port = text === undefined ? 0 : /^\d{1,5}$/.test(text) ? Number(text) : Number.NaN;
  if (port >= 0 && port <= 65_535) return port;
  throw new UsageError(`--port is \`${text}\`: it must be a whole number from 0 to 65535`);
}

function parseUrl(input: Input): string | undefined {
  const url = input.text('callback-url');
  if (url === undefined || (URL.canParse(url) && /^https?:$/.test(new URL(url).protocol))) return url;
  throw new UsageError(`--callback-url is \`${url}\`: it must be an http or https address`);
}

function toWelcome(type: string, { url, credentials }: Twin, callbackUrl: string | undefined): string {
  const calls =
    type === 'smpp'
      ? 'Receipts and texts to you come over the session.'
      : callbackUrl === undefined
        ? 'Receipts go where a submit says; where it says nothing they need --callback-url, as texts to you do.'
        : `Receipts go where a submit says, else to ${callbackUrl}; so do texts to you.`;
  return [
    `A simulated ${type} listens at ${url}; Ctrl-C ends it. ${calls}`,
    '',
    'Credentials of a list that sends here, say credentials.json:',
    '',
    JSON.stringify(credentials, null, 2),
    '',
    `  trackly lists create --number +18445550111 --type ${type} --credentials-file credentials.json`,
    '  trackly carriers check +18445550111 --to +13125550142',
  ].join('\n');
}

function toFarewell({ books, calls }: Twin): string {
  const submits = `${books.submits} submits, ${books.messages} messages taken, ${books.doubles} taken twice`;
  return `\n${submits}; ${calls.answered} calls answered, ${calls.refused} given up.`;
}
