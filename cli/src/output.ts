/** Where a command prints its answer. */
export interface Output {
  readonly json: boolean;
  /** The answer: as JSON for machines, in words for people. */
  answer(value: unknown, toText: () => string): void;
  /** One line of a stream of answers. */
  line(value: unknown, toText: () => string): void;
  /** Words for people only, such as progress. */
  note(text: string): void;
}

export function createOutput(json: boolean): Output {
  return {
    json,
    answer: (value, toText) => write(json ? JSON.stringify(value, null, 2) : toText()),
    line: (value, toText) => write(json ? JSON.stringify(value) : toText()),
    note(text) {
      if (!json) write(text);
    },
  };
}

function write(text: string): void {
  process.stdout.write(`${text}\n`);
}
