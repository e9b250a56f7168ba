import type { CheckStep } from '@trackly/server/operator';
import type { Command, Context } from '../command.ts';
import { withInstallation } from '../installation.ts';
import { UsageError } from '../usage-error.ts';

const NAME_WIDTH = 11;
const TIME_WIDTH = 9;

export const carrierCommands: readonly Command[] = [
  {
    name: 'carriers check',
    summary: 'Go the way of a message of a list step by step: credentials, carrier, a text, its receipt',
    arguments: [{ name: 'LIST', summary: 'Number, id or pn_... of the list' }],
    flags: [
      {
        name: 'to',
        value: 'NUMBER',
        summary: 'A mobile number of yours: a text goes there, and its receipt is awaited',
      },
      { name: 'timeout', value: 'SECONDS', summary: 'How long each step may take, default 60' },
    ],
    examples: [
      'trackly carriers check 1',
      'trackly carriers check +18445550111 --to +13125550142',
      'trackly carriers check 1 --to +13125550142 --timeout 300 --json',
    ],
    run: checkCarrier,
  },
];

async function checkCarrier({ input, output }: Context): Promise<number> {
  const steps: CheckStep[] = [];
  const timeoutMs = parseTimeout(input.text('timeout'));
  const ok = await withInstallation(({ lists }) =>
    lists.check({ name: input.argument('LIST'), to: input.text('to'), timeoutMs }, (step) => {
      steps.push(step);
      output.note(toStepLine(step));
    }),
  );
  if (output.json) output.answer({ ok, steps }, () => '');
  return ok ? 0 : 1;
}

/** @throws UsageError */
function parseTimeout(text: string | undefined): number | undefined {
  if (text === undefined) return undefined;
  if (/^[1-9]\d{0,4}$/.test(text)) return Number(text) * 1_000;
  throw new UsageError(`--timeout is \`${text}\`: it must be a whole number of seconds from 1`);
}

/** `✓ connect       120 ms  The carrier knows us by these credentials.` */
export function toStepLine({ step, passed, elapsed_ms, text }: CheckStep): string {
  const mark = passed === null ? '-' : passed ? '✓' : '✗';
  return `${mark} ${step.padEnd(NAME_WIDTH)} ${`${elapsed_ms} ms`.padStart(TIME_WIDTH)}  ${text}`;
}
