import type { LedgerCheck } from '@trackly/server/operator';
import type { Command, Context } from '../command.ts';
import { withInstallation } from '../installation.ts';

export const consentCommands: readonly Command[] = [
  {
    name: 'consents verify',
    summary: 'Check that no consent record was changed, removed or slipped in since it was written',
    examples: ['trackly consents verify', 'trackly consents verify --json'],
    run: verify,
  },
];

async function verify({ output }: Context): Promise<number> {
  const ledgers = await withInstallation(({ consents }) => consents.verify());
  const ok = ledgers.every((ledger) => ledger.ok);
  output.answer({ ok, ledgers }, () => toText(ledgers));
  return ok ? 0 : 1;
}

function toText(ledgers: readonly LedgerCheck[]): string {
  return ledgers.length === 0 ? 'There are no consent records yet.' : ledgers.map(toLine).join('\n');
}

function toLine({ account_id: account, records, ok, problem }: LedgerCheck): string {
  if (problem === null) return `${ok ? '✓' : '✗'} account ${account}: ${records} records, all as they were written`;
  const name = problem.id === null ? '' : ` (${problem.id})`;
  return `✗ account ${account}: ${records} good records, then at record ${problem.seq}${name}: ${problem.text}`;
}
