import type { AccountView } from '@trackly/server/operator';
import type { Command } from '../command.ts';
import { withInstallation } from '../installation.ts';
import { toFields, toTable } from '../table.ts';

const ID = [{ name: 'ID', summary: 'Id of the account' }];

export const accountCommands: readonly Command[] = [
  {
    name: 'accounts create',
    summary: 'Make an account with its owner',
    flags: [
      { name: 'name', value: 'NAME', summary: 'Name of the account', required: true },
      { name: 'email', value: 'EMAIL', summary: 'E-mail of its owner', required: true },
    ],
    examples: ['trackly accounts create --name "Northwind Pets" --email owner@northwind.example'],
    async run({ input, output }) {
      const wanted = { name: input.required('name'), email: input.required('email') };
      const account = await withInstallation(({ accounts }) => accounts.create(wanted));
      output.answer(account, () => toFields({ ...account }));
      return 0;
    },
  },
  {
    name: 'accounts list',
    summary: 'List the accounts',
    examples: ['trackly accounts list', 'trackly accounts list --json'],
    async run({ output }) {
      const all = await withInstallation(({ accounts }) => accounts.list());
      output.answer(all, () => toAccountTable(all));
      return 0;
    },
  },
  {
    name: 'accounts suspend',
    summary: 'Stop all calls and sends of an account',
    arguments: ID,
    examples: ['trackly accounts suspend 68f0c2a7d1e94b0012ab34cd'],
    async run({ input, output }) {
      const account = await withInstallation(({ accounts }) => accounts.suspend({ id: input.argument('ID') }));
      output.answer(account, () => `Account ${account.id} (${account.name}) is ${account.status}.`);
      return 0;
    },
  },
  {
    name: 'accounts resume',
    summary: 'Let a suspended account go on',
    arguments: ID,
    examples: ['trackly accounts resume 68f0c2a7d1e94b0012ab34cd'],
    async run({ input, output }) {
      const account = await withInstallation(({ accounts }) => accounts.resume({ id: input.argument('ID') }));
      output.answer(account, () => `Account ${account.id} (${account.name}) is ${account.status}.`);
      return 0;
    },
  },
];

function toAccountTable(accounts: readonly AccountView[]): string {
  return toTable(
    ['id', 'name', 'owner', 'status', 'created'],
    accounts.map(({ id, name, owner_email, status, created_at }) => [id, name, owner_email, status, created_at]),
    'There is no account yet.',
  );
}
