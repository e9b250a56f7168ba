import { type Argument, type Command, type Flag, flagsOf } from './command.ts';

const INTRODUCTION = `Trackly sends SMS. Commands work on the installation of TRACKLY_DATA_DIR (./data) or DATABASE_URL;
some also work over the API, with --url and --key.`;

/** Help for the program: every command in a line. */
export function toProgramHelp(commands: readonly Command[]): string {
  return [
    INTRODUCTION,
    'Usage: trackly COMMAND [arguments] [--flags]',
    toSection(
      'Commands',
      commands.map((command) => [toUsage(command), command.summary]),
    ),
    toExamples([
      'trackly up',
      'trackly send --to +13125550142 --list 1 --body "Hello!" --wait',
      'trackly messages list --follow',
    ]),
    '`trackly COMMAND --help` tells more. Exit code: 0 done, 1 failed, 2 wrong use.',
  ].join('\n\n');
}

/** Help for all commands of one noun. */
export function toNounHelp(noun: string, commands: readonly Command[]): string {
  return [
    `Usage: trackly ${noun} VERB [arguments] [--flags]`,
    toSection(
      'Commands',
      commands.map((command) => [toUsage(command), command.summary]),
    ),
    toExamples(commands.flatMap((command) => command.examples.slice(0, 1))),
    `\`trackly ${noun} VERB --help\` tells more.`,
  ].join('\n\n');
}

export function toCommandHelp(command: Command): string {
  const sections = [`${command.summary}.`, `Usage: trackly ${toUsage(command)} [--flags]`];
  const args = command.arguments ?? [];
  if (args.length > 0) sections.push(toSection('Arguments', args.map(toArgumentRow)));
  sections.push(toSection('Flags', flagsOf(command).map(toFlagRow)), toExamples(command.examples));
  return sections.join('\n\n');
}

function toUsage(command: Command): string {
  return [command.name, ...(command.arguments ?? []).map((argument) => argument.name)].join(' ');
}

function toArgumentRow({ name, summary }: Argument): [string, string] {
  return [name, summary];
}

function toFlagRow(flag: Flag): [string, string] {
  const notes = [...(flag.required === true ? ['required'] : []), ...(flag.repeatable === true ? ['repeatable'] : [])];
  const name = flag.value === undefined ? `--${flag.name}` : `--${flag.name} ${flag.value}`;
  return [name, notes.length === 0 ? flag.summary : `${flag.summary} (${notes.join(', ')})`];
}

function toSection(title: string, rows: readonly (readonly [string, string])[]): string {
  const width = Math.max(...rows.map(([name]) => name.length));
  return [`${title}:`, ...rows.map(([name, summary]) => `  ${name.padEnd(width)}  ${summary}`)].join('\n');
}

function toExamples(examples: readonly string[]): string {
  return ['Examples:', ...examples.map((example) => `  ${example}`)].join('\n');
}
