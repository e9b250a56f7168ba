/** Writes that wait for the next transaction share it; the one before is being synced meanwhile. */
export interface GroupWriter {
  /** Resolves with what `action` returned when it is on disk. `action` runs inside a transaction, later. */
  write<T>(action: () => T): Promise<T>;
  /** Resolves when nothing waits any more. */
  idle(): Promise<void>;
}

export interface GroupWriterOptions {
  /** Runs its argument in a transaction; rejects when that is not on disk, and then nothing of it is. */
  readonly transaction: (run: () => void) => Promise<unknown>;
  /** First and last thing in each transaction. */
  readonly begin: () => void;
  readonly end: () => void;
  /** A transaction came to nothing. */
  readonly undo: () => void;
}

interface Waiting {
  readonly run: () => void;
  readonly done: () => void;
  readonly fail: (error: unknown) => void;
}

/** Group commit for one writer: the actions of a group fail or last together. */
export function createGroupWriter({ transaction, begin, end, undo }: GroupWriterOptions): GroupWriter {
  let waiting: Waiting[] = [];
  let writing: Promise<void> | undefined;

  async function writeAll(): Promise<void> {
    while (waiting.length > 0) await writeGroup();
    writing = undefined;
  }

  async function writeGroup(): Promise<void> {
    let group: readonly Waiting[] = [];
    try {
      // Taken inside: whatever was asked for until the transaction starts is in it.
      await transaction(() => {
        group = waiting;
        waiting = [];
        begin();
        for (const { run } of group) run();
        end();
      });
      for (const { done } of group) done();
    } catch (error) {
      // A transaction that could not even begin has taken nothing yet.
      if (group.length === 0) [group, waiting] = [waiting, []];
      else undo();
      for (const { fail } of group) fail(error);
    }
  }

  return {
    write<T>(action: () => T): Promise<T> {
      return new Promise<T>((resolve, reject) => {
        let result: T;
        waiting.push({
          run: () => {
            result = action();
          },
          done: () => resolve(result),
          fail: reject,
        });
        writing ??= writeAll();
      });
    },
    idle: async () => await writing,
  };
}
