import { parseArgs } from 'node:util';
import { type Command, type Flag, flagsOf } from './command.ts';
import { findNearest } from './nearest.ts';
import { UsageError } from './usage-error.ts';

/** What was said behind the name of a command, checked against its table. */
export interface Input {
  /** The argument with this name. */
  argument(name: string): string;
  /** Value of a flag that must be there. */
  required(name: string): string;
  text(name: string): string | undefined;
  texts(name: string): readonly string[];
  isOn(name: string): boolean;
}

/** @throws UsageError */
export function parseInput(command: Command, argv: readonly string[]): Input {
  const flags = flagsOf(command);
  const { tokens } = parseArgs({
    args: [...argv],
    options: Object.fromEntries(flags.map((flag) => [flag.name, toOption(flag)])),
    strict: false,
    allowPositionals: true,
    tokens: true,
  });
  const values = new Map<string, string[]>();
  const positionals: string[] = [];
  for (const token of tokens) {
    if (token.kind === 'positional') positionals.push(token.value);
    if (token.kind !== 'option') continue;
    const flag = findFlag(flags, token.rawName, token.name);
    const earlier = values.get(flag.name) ?? [];
    if (earlier.length > 0 && flag.repeatable !== true) throw new UsageError(`--${flag.name} was given twice`);
    values.set(flag.name, [...earlier, readValue(flag, token.value, token.inlineValue === true)]);
  }
  return toInput(command, values, values.has('help') ? [] : positionals);
}

function toOption(flag: Flag): { type: 'string' | 'boolean'; short?: string } {
  if (flag.name === 'help') return { type: 'boolean', short: 'h' };
  return { type: flag.value === undefined ? 'boolean' : 'string' };
}

function findFlag(flags: readonly Flag[], rawName: string, name: string): Flag {
  const flag = flags.find((candidate) => candidate.name === name);
  if (flag !== undefined) return flag;
  const nearest = findNearest(
    name,
    flags.map((candidate) => candidate.name),
  );
  throw new UsageError(`Unknown flag \`${rawName}\`.${nearest === undefined ? '' : ` Did you mean \`--${nearest}\`?`}`);
}

function readValue(flag: Flag, value: string | undefined, isInline: boolean): string {
  if (flag.value === undefined) {
    if (value !== undefined) throw new UsageError(`--${flag.name} takes no value`);
    return '';
  }
  if (value === undefined || (!isInline && value.startsWith('--'))) {
    throw new UsageError(`--${flag.name} needs a value: --${flag.name} ${flag.value}`);
  }
  return value;
}

function toInput(
  command: Command,
  values: ReadonlyMap<string, readonly string[]>,
  positionals: readonly string[],
): Input {
  const input: Input = {
    argument: (name) => positionals[argumentsOf(command).indexOf(name)] ?? '',
    required: (name) => values.get(name)?.[0] ?? '',
    text: (name) => values.get(name)?.[0],
    texts: (name) => values.get(name) ?? [],
    isOn: (name) => values.has(name),
  };
  if (!input.isOn('help')) assertComplete(command, input, positionals);
  return input;
}

function assertComplete(command: Command, input: Input, positionals: readonly string[]): void {
  const names = argumentsOf(command);
  const missing = names[positionals.length];
  if (missing !== undefined) throw new UsageError(`${missing} is missing`);
  const surplus = positionals[names.length];
  if (surplus !== undefined) throw new UsageError(`\`${surplus}\` is too much`);
  for (const flag of command.flags ?? []) {
    if (flag.required === true && !input.isOn(flag.name))
      throw new UsageError(`--${flag.name} ${flag.value ?? ''} is missing`);
  }
  if (input.isOn('key') && !input.isOn('url')) throw new UsageError('--key goes with --url');
  if (input.isOn('url') && !input.isOn('key')) throw new UsageError('--url goes with --key');
}

function argumentsOf(command: Command): string[] {
  return (command.arguments ?? []).map((argument) => argument.name);
}
