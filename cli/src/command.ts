import type { Input } from './input.ts';
import type { Output } from './output.ts';

export interface Flag {
  /** Without the dashes. */
  readonly name: string;
  /** Placeholder of the value; absent: a switch. */
  readonly value?: string;
  readonly summary: string;
  readonly required?: boolean;
  readonly repeatable?: boolean;
}

export interface Argument {
  readonly name: string;
  readonly summary: string;
}

export interface Context {
  readonly input: Input;
  readonly output: Output;
}

/** One thing that can be done; its help and the reading of its arguments come from this table. */
export interface Command {
  /** The words that name it: `up`, `accounts create`. */
  readonly name: string;
  readonly summary: string;
  readonly arguments?: readonly Argument[];
  readonly flags?: readonly Flag[];
  readonly examples: readonly string[];
  /** It can also work over the API, with `--url` and `--key`. */
  readonly remote?: boolean;
  /** Resolves with the exit code. */
  readonly run: (context: Context) => Promise<number>;
}

const REMOTE_FLAGS: readonly Flag[] = [
  { name: 'url', value: 'URL', summary: 'Work over the API at this address instead of on the installation here' },
  { name: 'key', value: 'KEY', summary: 'API key for --url' },
];

const COMMON_FLAGS: readonly Flag[] = [
  { name: 'json', summary: 'Print JSON for machines' },
  { name: 'help', summary: 'Show this help' },
];

/** All flags of a command, the common ones last. */
export function flagsOf(command: Command): readonly Flag[] {
  return [...(command.flags ?? []), ...(command.remote === true ? REMOTE_FLAGS : []), ...COMMON_FLAGS];
}
