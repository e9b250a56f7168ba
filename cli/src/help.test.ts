import { expect, test } from 'vitest';
import type { Command } from './command.ts';
import { COMMANDS } from './commands.ts';
import { toCommandHelp, toNounHelp, toProgramHelp } from './help.ts';
import { parseInput } from './input.ts';

const COMMAND: Command = {
  name: 'things set',
  summary: 'Change a thing',
  arguments: [{ name: 'ID', summary: 'Id of the thing' }],
  flags: [{ name: 'name', value: 'NAME', summary: 'Name', required: true }],
  examples: ['trackly things set 1 --name x'],
  run: async () => 0,
};

test('the help of a command is made from its table', () => {
  expect(toCommandHelp(COMMAND)).toBe(`Change a thing.

Usage: trackly things set ID [--flags]

Arguments:
  ID  Id of the thing

Flags:
  --name NAME  Name (required)
  --json       Print JSON for machines
  --help       Show this help

Examples:
  trackly things set 1 --name x`);
});

test('the help of a noun shows its verbs, that of the program every command', () => {
  expect(toNounHelp('things', [COMMAND])).toContain('  things set ID  Change a thing');
  const help = toProgramHelp(COMMANDS);
  for (const { name, summary } of COMMANDS)
    expect(help).toMatch(new RegExp(`  ${name}( [A-Z]+)? +${summary.slice(0, 10)}`));
});

test.each(COMMANDS.flatMap(({ examples }) => examples))('the example can be run: %s', (example) => {
  const words = splitWords(example.slice(example.indexOf('trackly ') + 'trackly '.length));
  const command = COMMANDS.find(({ name }) => words.join(' ').startsWith(name));
  if (command === undefined) throw new Error('no such command');
  expect(() => parseInput(command, words.slice(command.name.split(' ').length))).not.toThrow();
});

function splitWords(line: string): string[] {
  // What the shell does with the output is no word of the command.
  return [...line.replace(/ > \S+$/, '').matchAll(/"([^"]*)"|'([^']*)'|(\S+)/g)].map(
    ([, double, single, bare]) => double ?? single ?? bare ?? '',
  );
}
