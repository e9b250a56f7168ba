import type { Command, Context } from '../command.ts';
import { withInstallation } from '../installation.ts';

export const secretCommands: readonly Command[] = [
  {
    name: 'secrets rotate',
    summary: 'Seal all credentials with a new key; servers may run meanwhile',
    flags: [
      {
        name: 'secret-key',
        summary: 'Replace the secret key of the installation too (stop all servers; see docs/operating.md)',
      },
    ],
    examples: [
      'trackly secrets rotate',
      'trackly secrets rotate --secret-key',
      'TRACKLY_NEW_SECRET_KEY=$(cat new.key) trackly secrets rotate --secret-key',
    ],
    run: rotate,
  },
];

async function rotate({ input, output }: Context): Promise<number> {
  const replaceSecretKey = input.isOn('secret-key');
  const rotation = await withInstallation(({ secrets }) => secrets.rotate({ replaceSecretKey }));
  output.answer(rotation, () => {
    const lists = `${rotation.lists} ${rotation.lists === 1 ? 'list' : 'lists'}`;
    const webhooks = `${rotation.webhooks} ${rotation.webhooks === 1 ? 'webhook' : 'webhooks'}`;
    const lines = [
      `The credentials of ${lists} and secrets of ${webhooks} are sealed with key ${rotation.key_version} now; older keys are deleted.`,
      ...(rotation.resumed ? ['This finished a rotation that was cut off; run it again for another new key.'] : []),
      ...(rotation.secret_key === 'settings'
        ? ['The secret key was replaced: set TRACKLY_SECRET_KEY to the new one before the next start.']
        : []),
      ...(rotation.secret_key === 'data folder' ? ['The secret key in the data folder was replaced: back it up.'] : []),
    ];
    return lines.join('\n');
  });
  return 0;
}
