import type { Command, Context } from '../command.ts';
import { withInstallation } from '../installation.ts';

export const migrateCommand: Command = {
  name: 'migrate',
  summary: 'Bring the database up to this version (`up` does so by itself)',
  flags: [{ name: 'dry-run', summary: 'Only tell what would be applied' }],
  examples: ['trackly migrate --dry-run', 'trackly migrate'],
  run: runMigrate,
};

async function runMigrate({ input, output }: Context): Promise<number> {
  const dryRun = input.isOn('dry-run');
  const names = await withInstallation((installation) => installation.migrate({ dryRun }), {
    schema: 'any',
    create: !dryRun,
  });
  const verb = dryRun ? 'Would apply' : 'Applied';
  output.answer({ [dryRun ? 'pending' : 'applied']: names }, () =>
    names.length === 0 ? 'The database is up to date.' : names.map((name) => `${verb} ${name}`).join('\n'),
  );
  return 0;
}
