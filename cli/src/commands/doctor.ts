import type { Command, Context } from '../command.ts';
import type { HealthCheck } from '@trackly/server/operator';
import { withInstallation } from '../installation.ts';

export const doctorCommand: Command = {
  name: 'doctor',
  summary: 'Check engines, clock, disk, log, leases, and that the books balance',
  flags: [{ name: 'recount', summary: 'Also count every message (minutes for hundreds of millions)' }],
  examples: ['trackly doctor', 'trackly doctor --recount --json'],
  run: runDoctor,
};

async function runDoctor({ input, output }: Context): Promise<number> {
  const recount = input.isOn('recount');
  const checks = await withInstallation((installation) => installation.examine({ recount }), { schema: 'any' });
  const ok = checks.every((check) => check.ok);
  output.answer({ ok, checks }, () => checks.map(toCheckLine).join('\n'));
  return ok ? 0 : 1;
}

export function toCheckLine({ name, ok, text, advice }: HealthCheck): string {
  const line = `${ok ? '✓' : '✗'} ${name.replace('_', ' ').padEnd(10)}  ${text}`;
  return advice === null ? line : `${line} ${advice}`;
}
