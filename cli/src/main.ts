import { existsSync, realpathSync } from 'node:fs';
import { fileURLToPath } from 'node:url';
import type { Command } from './command.ts';
import { COMMANDS } from './commands.ts';
import { describeError } from './describe-error.ts';
import { toCommandHelp, toNounHelp, toProgramHelp } from './help.ts';
import { parseInput } from './input.ts';
import { isDebugging } from './installation.ts';
import { findNearest } from './nearest.ts';
import { createOutput } from './output.ts';
import { UsageError } from './usage-error.ts';

const DONE = 0;
const FAILED = 1;
const WRONG_USE = 2;

/** Runs one command. `argv` is what follows the program's name; resolves with the exit code and never rejects. */
export async function run(argv: readonly string[]): Promise<number> {
  try {
    return await dispatch(argv);
  } catch (error) {
    if (error instanceof UsageError) {
      complain(error.message);
      return WRONG_USE;
    }
    complain((await isDebugging()) && error instanceof Error ? (error.stack ?? error.message) : describeError(error));
    return FAILED;
  }
}

async function dispatch(argv: readonly string[]): Promise<number> {
  const words = argv.filter((word, index) => isWord(word) && argv.slice(0, index).every(isWord));
  const command = findCommand(words);
  if (command !== undefined) return await runCommand(command, argv.slice(command.name.split(' ').length));
  return showHelp(words, asksForHelp(argv));
}

async function runCommand(command: Command, rest: readonly string[]): Promise<number> {
  const input = toInput(command, rest);
  if (input.isOn('help')) {
    process.stdout.write(`${toCommandHelp(command)}\n`);
    return DONE;
  }
  return await command.run({ input, output: createOutput(input.isOn('json')) });
}

function toInput(command: Command, rest: readonly string[]): ReturnType<typeof parseInput> {
  try {
    return parseInput(command, rest);
  } catch (error) {
    if (error instanceof UsageError) throw new UsageError(`${error.message} (see \`trackly ${command.name} --help\`)`);
    throw error;
  }
}

function findCommand([noun, verb]: readonly string[]): Command | undefined {
  return COMMANDS.find(({ name }) => name === noun || name === `${noun} ${verb}`);
}

/** Help for the program or a noun; a complaint when neither is meant. */
function showHelp([noun, verb]: readonly string[], asked: boolean): number {
  if (noun === undefined || noun === 'help') return print(toProgramHelp(COMMANDS), asked || noun === 'help');
  const ofNoun = COMMANDS.filter(({ name }) => name.startsWith(`${noun} `));
  if (ofNoun.length === 0) throw new UsageError(toSuggestion('command', noun, [...new Set(COMMANDS.map(firstWord))]));
  if (verb === undefined) return print(toNounHelp(noun, ofNoun), asked);
  throw new UsageError(
    toSuggestion(
      `command`,
      `${noun} ${verb}`,
      ofNoun.map(({ name }) => name),
    ),
  );
}

function toSuggestion(what: string, word: string, candidates: readonly string[]): string {
  const nearest = findNearest(word, candidates);
  const hint = nearest === undefined ? 'See `trackly --help`.' : `Did you mean \`${nearest}\`?`;
  return `Unknown ${what} \`${word}\`. ${hint}`;
}

function print(help: string, asked: boolean): number {
  (asked ? process.stdout : process.stderr).write(`${help}\n`);
  return asked ? DONE : WRONG_USE;
}

function complain(message: string): void {
  process.stderr.write(`${message}\n`);
}

function isWord(word: string): boolean {
  return !word.startsWith('-');
}

function firstWord({ name }: Command): string {
  return name.split(' ')[0] ?? name;
}

function asksForHelp(argv: readonly string[]): boolean {
  return argv.includes('--help') || argv.includes('-h');
}

/** npm links programs, so the path is followed before it is compared. */
function isProgram(path: string | undefined): boolean {
  if (path === undefined || !existsSync(path)) return false;
  const here = fileURLToPath(import.meta.url);
  const there = realpathSync(path);
  return there === here || there === fileURLToPath(new URL('../bin/trackly.mjs', import.meta.url));
}

/** Whoever read our answer has closed it, as `head` does: the program ends as SIGPIPE ends others. */
function endWithReader(error: NodeJS.ErrnoException): void {
  if (error.code !== 'EPIPE') throw error;
  process.kill(process.pid, 'SIGTERM');
}

if (isProgram(process.argv[1])) {
  process.stdout.on('error', endWithReader);
  process.exitCode = await run(process.argv.slice(2));
}
