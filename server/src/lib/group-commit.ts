export interface GroupCommitOptions<T, R> {
  /** A group is closed before the call that would bring it over this. A larger call goes alone, whole. */
  readonly maxItems: number;
  /** Makes the items durable together and answers one result an item, in order. Never runs twice at a time. */
  readonly commit: (items: readonly T[]) => Promise<readonly R[]>;
}

export interface GroupCommit<T, R> {
  /**
   * Resolves with the results of its own items once the group they went with is committed. Rejects with the error of the
   * group, which all calls of that group share; later groups go on. No items: resolves at once.
   */
  add(items: readonly T[]): Promise<R[]>;
  /** Resolves when nothing is waiting or under way. Never rejects. */
  drain(): Promise<void>;
}

interface Waiting<T, R> {
  readonly items: readonly T[];
  readonly resolve: (results: R[]) => void;
  readonly reject: (error: unknown) => void;
}

/**
 * Lets calls that come close together share one commit. Calls of one turn of the event loop go together, and calls made
 * while a commit is under way gather into the next ones, in the order of the calls: no timer, so an idle system answers
 * at once and a busy one in ever larger groups.
 */
export function createGroupCommit<T, R>({ maxItems, commit }: GroupCommitOptions<T, R>): GroupCommit<T, R> {
  let waiting: Waiting<T, R>[] = [];
  let running: Promise<void> | undefined;

  async function run(): Promise<void> {
    // A turn later, so that the other requests that the same poll read from their sockets are here too.
    await new Promise(setImmediate);
    while (waiting.length > 0) {
      const count = countCalls(waiting, maxItems);
      const group = waiting.slice(0, count);
      waiting = waiting.slice(count);
      await settle(group, commit);
    }
    running = undefined;
  }

  return {
    add(items) {
      if (items.length === 0) return Promise.resolve([]);
      return new Promise<R[]>((resolve, reject) => {
        waiting.push({ items, resolve, reject });
        running ??= run();
      });
    },
    async drain() {
      await running;
    },
  };
}

/** How many calls from the front make the next group; at least one. */
function countCalls<T, R>(waiting: readonly Waiting<T, R>[], maxItems: number): number {
  let items = 0;
  const over = waiting.findIndex((call) => (items += call.items.length) > maxItems);
  return over < 0 ? waiting.length : Math.max(1, over);
}

async function settle<T, R>(
  group: readonly Waiting<T, R>[],
  commit: GroupCommitOptions<T, R>['commit'],
): Promise<void> {
  try {
    const items = group.flatMap((call) => call.items);
    const results = await commit(items);
    if (results.length !== items.length) throw new Error(`${results.length} results for ${items.length} items`);
    let at = 0;
    for (const call of group) call.resolve(results.slice(at, (at += call.items.length)));
  } catch (error) {
    for (const call of group) call.reject(error);
  }
}
