import type { LedgerCheck, LedgersCheck } from '@trackly/server/operator';
import type { Command, Context } from '../command.ts';
import { withInstallation } from '../installation.ts';

export const consentCommands: readonly Command[] = [
  {
    name: 'consents verify',
    summary: 'Check that no consent record was changed, removed or slipped in since it was written',
    flags: [
      {
        name: 'head',
        value: 'HASH',
        summary: 'A hash that an earlier check printed, kept elsewhere: it must still be in a ledger',
        repeatable: true,
      },
    ],
    examples: ['trackly consents verify', 'trackly consents verify --json', `trackly consents verify --head 5f0c…e1`],
    run: verify,
  },
];

async function verify({ input, output }: Context): Promise<number> {
  const heads = input.texts('head').map((head) => head.toLowerCase());
  const check = await withInstallation(({ consents }) => consents.verify({ heads }));
  output.answer(check, () => toText(check));
  return check.ok ? 0 : 1;
}

function toText({ ledgers, missing_heads: missing }: LedgersCheck): string {
  const lines = ledgers.length === 0 ? ['There are no consent records yet.'] : ledgers.map(toLine);
  return [...lines, ...missing.map((head) => `✗ no good record has the hash ${head}: a ledger was cut off`)].join('\n');
}

function toLine({ account_id: account, records, head, problem }: LedgerCheck): string {
  const count = records === 1 ? '1 record' : `${records} records`;
  if (problem === null) return `✓ account ${account}: ${count}, all as written; the last has the hash ${head}`;
  const name = problem.id === null ? '' : ` (${problem.id})`;
  return `✗ account ${account}: ${count} as written, then record ${problem.seq}${name}: ${problem.text}`;
}
