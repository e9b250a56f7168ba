import type { Installation, KeyView } from '@trackly/server/operator';
import type { Argument, Command, Context, Flag } from '../command.ts';
import { withInstallation } from '../installation.ts';
import { toFields, toTable } from '../table.ts';
import { UsageError } from '../usage-error.ts';

const ID: readonly Argument[] = [{ name: 'ID', summary: 'Id of the key (see `trackly keys list`)' }];
const ACCOUNT: Flag = { name: 'account', value: 'ID', summary: 'Account; default: the only one' };

export const keyCommands: readonly Command[] = [
  {
    name: 'keys create',
    summary: 'Make an API key; it is shown this once',
    flags: [
      ACCOUNT,
      { name: 'name', value: 'NAME', summary: 'What the key is for', required: true },
      { name: 'sandbox', summary: 'Messages go the whole way except to a carrier' },
      { name: 'require-confirmation', summary: 'Sends need the confirmation of a person' },
      { name: 'lists', value: '1,2', summary: 'Ids of the only lists it may send from; default: all' },
    ],
    examples: ['trackly keys create --name production', 'trackly keys create --name test --sandbox --lists 1,2 --json'],
    run: createKey,
  },
  {
    name: 'keys list',
    summary: 'List the keys of an account, without their secrets',
    flags: [ACCOUNT],
    examples: ['trackly keys list'],
    run: listKeys,
  },
  toStatusCommand('pause', 'Let a key read and nothing else'),
  toStatusCommand('resume', 'Let a paused key work again'),
  toStatusCommand('revoke', 'End a key for good'),
];

async function createKey({ input, output }: Context): Promise<number> {
  const lists = input.text('lists');
  const allowedListIds = lists === undefined ? undefined : parseListIds(lists);
  const key = await withInstallation(async ({ accounts, keys }) => {
    const account = await accounts.find({ id: input.text('account') });
    return await keys.create({
      accountId: account.id,
      name: input.required('name'),
      sandbox: input.isOn('sandbox'),
      requireConfirmation: input.isOn('require-confirmation'),
      allowedListIds,
    });
  });
  const { key: secret, ...shown } = key;
  output.answer(key, () => `${toFields(shown)}\n\nThe key, shown this once: ${secret}`);
  return 0;
}

async function listKeys({ input, output }: Context): Promise<number> {
  const all = await withInstallation(async ({ accounts, keys }) => {
    const account = await accounts.find({ id: input.text('account') });
    return await keys.list({ accountId: account.id });
  });
  output.answer(all, () => toKeyTable(all));
  return 0;
}

function toStatusCommand(verb: 'pause' | 'resume' | 'revoke', summary: string): Command {
  return {
    name: `keys ${verb}`,
    summary,
    arguments: ID,
    examples: [`trackly keys ${verb} 68f0c3119c4de20011aa0001`],
    async run({ input, output }) {
      const id = input.argument('ID');
      const key = await withInstallation(({ keys }: Installation) => keys[verb]({ id }));
      output.answer(key, () => `Key ${key.id} (${key.name}) is ${key.status}.`);
      return 0;
    },
  };
}

/** @throws UsageError */
export function parseListIds(text: string): number[] {
  const ids = text.split(',').map((id) => id.trim());
  if (!ids.every((id) => /^[1-9][0-9]{0,8}$/.test(id)))
    throw new UsageError('--lists must be ids of lists, such as 1,2');
  return ids.map(Number);
}

function toKeyTable(keys: readonly KeyView[]): string {
  return toTable(
    ['id', 'name', 'status', 'sandbox', 'lists', 'created', 'last used'],
    keys.map((key) => [
      key.id,
      key.name,
      key.status,
      key.sandbox ? 'yes' : 'no',
      key.allowed_list_ids?.join(',') ?? 'all',
      key.created_at,
      key.last_used_at,
    ]),
    'The account has no key.',
  );
}
