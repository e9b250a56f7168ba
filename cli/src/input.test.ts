import { expect, test } from 'vitest';
import type { Command } from './command.ts';
import { parseInput } from './input.ts';

const COMMAND: Command = {
  name: 'things set',
  summary: 'Change a thing',
  arguments: [{ name: 'ID', summary: 'Id' }],
  flags: [
    { name: 'name', value: 'NAME', summary: 'Name', required: true },
    { name: 'setting', value: 'KEY=VALUE', summary: 'Setting', repeatable: true },
    { name: 'force', summary: 'Do it' },
  ],
  examples: [],
  remote: true,
  run: async () => 0,
};

test('arguments, values, switches and repeated flags are read in any order', () => {
  const input = parseInput(COMMAND, ['--name', '-5 degrees', '7', '--setting=a=1', '--setting', 'b=2', '--force']);
  expect(input.argument('ID')).toBe('7');
  expect(input.required('name')).toBe('-5 degrees');
  expect(input.texts('setting')).toEqual(['a=1', 'b=2']);
  expect(input.isOn('force')).toBe(true);
  expect(input.isOn('json')).toBe(false);
  expect(input.text('url')).toBeUndefined();
});

test('behind two dashes nothing is a flag', () => {
  expect(parseInput(COMMAND, ['--name', 'x', '--', '--7']).argument('ID')).toBe('--7');
});

test.each([
  [['7', '--nmae', 'x'], 'Unknown flag `--nmae`. Did you mean `--name`?'],
  [['7', '--colour'], 'Unknown flag `--colour`.'],
  [['7', '-x'], 'Unknown flag `-x`.'],
  [['--name', 'x'], 'ID is missing'],
  [['7', '8', '--name', 'x'], '`8` is too much'],
  [['7'], '--name NAME is missing'],
  [['7', '--name'], '--name needs a value: --name NAME'],
  [['7', '--name', '--force'], '--name needs a value: --name NAME'],
  [['7', '--name', 'x', '--name', 'y'], '--name was given twice'],
  [['7', '--name', 'x', '--force=yes'], '--force takes no value'],
  [['7', '--name', 'x', '--key', 'k'], '--key goes with --url'],
  [['7', '--name', 'x', '--url', 'u'], '--url goes with --key'],
])('%j is refused: %s', (argv, message) => {
  expect(() => parseInput(COMMAND, argv)).toThrow(message);
});

test('help needs nothing else', () => {
  expect(parseInput(COMMAND, ['--help']).isOn('help')).toBe(true);
  expect(parseInput(COMMAND, ['-h']).isOn('help')).toBe(true);
});
