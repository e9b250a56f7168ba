import { readFile } from 'node:fs/promises';
import type { OperatorList } from '@trackly/server/operator';
import type { Command, Context, Flag } from '../command.ts';
import { withInstallation } from '../installation.ts';
import { toFields, toTable } from '../table.ts';
import { UsageError } from '../usage-error.ts';

const ACCOUNT = { name: 'account', value: 'ID' } as const;
const SHARED_FLAGS: readonly Flag[] = [
  { name: 'brand', value: 'TEXT', summary: 'Brand name that messages show; default: that of the account' },
  {
    name: 'setting',
    value: 'KEY=VALUE',
    summary: 'A setting; the value may be JSON, null brings the default back',
    repeatable: true,
  },
  { name: 'credentials-file', value: 'FILE', summary: 'JSON object with what the carrier needs' },
];

export const listCommands: readonly Command[] = [
  {
    name: 'lists create',
    summary: 'Make a list (a sending number)',
    flags: [
      { name: 'number', value: 'NUMBER', summary: 'E.164 or short code', required: true },
      { name: 'type', value: 'TYPE', summary: 'Carrier, default simulator' },
      { name: 'name', value: 'NAME', summary: 'Name of the list, default its number' },
      ...SHARED_FLAGS,
      { ...ACCOUNT, summary: 'Account; default: the only one' },
    ],
    examples: [
      'trackly lists create --number +18445550111 --name "Pets TFN" --brand "Northwind Pets"',
      'trackly lists create --number 55555 --setting send_rate_per_minute=6000',
    ],
    run: createList,
  },
  {
    name: 'lists list',
    summary: 'List the lists',
    flags: [{ ...ACCOUNT, summary: 'Only those of this account' }],
    examples: ['trackly lists list'],
    run: listLists,
  },
  {
    name: 'lists set',
    summary: 'Change a list',
    arguments: [{ name: 'ID', summary: 'Id, pn_... or number of the list' }],
    flags: [
      { name: 'name', value: 'NAME', summary: 'Name of the list' },
      { name: 'status', value: 'STATUS', summary: 'active, paused, suspended or deleted' },
      ...SHARED_FLAGS,
    ],
    examples: [
      'trackly lists set 1 --status paused',
      `trackly lists set 1 --setting stale_minutes=60 --setting 'budgets=[]'`,
    ],
    run: setList,
  },
];

async function createList({ input, output }: Context): Promise<number> {
  const settings = parseSettings(input.texts('setting'));
  const credentials = await readCredentials(input.text('credentials-file'));
  const number = input.required('number');
  const list = await withInstallation(async ({ accounts, lists }) => {
    const account = await accounts.find({ id: input.text('account') });
    return await lists.create({
      accountId: account.id,
      number,
      type: input.text('type') ?? 'simulator',
      name: input.text('name') ?? number,
      brandName: input.text('brand'),
      // Whoever makes a list here vouches for it.
      isByoc: false,
      settings,
      credentials,
    });
  });
  output.answer(list, () => toListText(list));
  return 0;
}

async function listLists({ input, output }: Context): Promise<number> {
  const all = await withInstallation(async ({ accounts, lists }) => {
    const id = input.text('account');
    return await lists.list(id === undefined ? null : (await accounts.find({ id })).id);
  });
  output.answer(all, () => toListTable(all));
  return 0;
}

async function setList({ input, output }: Context): Promise<number> {
  const change = {
    name: input.text('name'),
    brandName: input.text('brand'),
    status: input.text('status'),
    settings: parseSettings(input.texts('setting')),
    credentials: await readCredentials(input.text('credentials-file')),
  };
  if (Object.values(change).every((value) => value === undefined)) throw new UsageError('Nothing to change was given');
  const list = await withInstallation(async ({ lists }) => {
    const { id } = await lists.find(input.argument('ID'));
    return await lists.set({ id, ...change });
  });
  output.answer(list, () => toListText(list));
  return 0;
}

/** `key=value` pairs; a value that is JSON is taken as JSON. undefined: there are none. @throws UsageError */
export function parseSettings(pairs: readonly string[]): Record<string, unknown> | undefined {
  if (pairs.length === 0) return undefined;
  return Object.fromEntries(
    pairs.map((pair): [string, unknown] => {
      const equals = pair.indexOf('=');
      if (equals < 1) throw new UsageError(`--setting must be KEY=VALUE, not \`${pair}\``);
      return [pair.slice(0, equals), parseValue(pair.slice(equals + 1))];
    }),
  );
}

function parseValue(text: string): unknown {
  try {
    return JSON.parse(text) as unknown;
  } catch {
    return text;
  }
}

async function readCredentials(file: string | undefined): Promise<Record<string, unknown> | undefined> {
  if (file === undefined) return undefined;
  const value = parseValue(await readFile(file, 'utf8'));
  if (typeof value !== 'object' || value === null || Array.isArray(value)) {
    throw new Error(`${file} does not hold a JSON object`);
  }
  return value as Record<string, unknown>;
}

function toListText(list: OperatorList): string {
  const { settings, ...fields } = list;
  return `${toFields(fields)}\n\nSettings:\n${toFields({ ...settings })}`;
}

function toListTable(lists: readonly OperatorList[]): string {
  return toTable(
    ['id', 'number', 'name', 'brand', 'type', 'status', 'account'],
    lists.map((list) => [
      list.id,
      list.phone_number,
      list.list_name,
      list.brand_name,
      list.list_type,
      list.status,
      list.account_id,
    ]),
    'There is no list yet.',
  );
}
