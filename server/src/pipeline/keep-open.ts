import type { Directory, List } from '../accounts/directory-types.ts';
import { SECOND_MS } from '../lib/clock.ts';
import type { Connections } from './connections.ts';

const EVERY_MS = SECOND_MS;

export interface OpenKeeperDeps {
  readonly directory: Pick<Directory, 'list' | 'lists'>;
  readonly connections: Connections;
  /** Lists that this process serves. */
  readonly owns: (listId: number) => boolean;
  readonly onError: (error: unknown) => void;
}

/**
 * Keeps the connections open that things come in over: those of every list of such a carrier that this process serves, a
 * paused one too, and with new credentials within a second. Closes those of lists that are another process's now. A list
 * that was deleted keeps its connection until the process ends, so that its last receipts and opt-outs arrive.
 */
export function startOpenKeeper({ directory, connections, owns, onError }: OpenKeeperDeps): AsyncDisposable {
  const isKept = (list: List | undefined): boolean =>
    list !== undefined && connections.carrierOf(list)?.keepsOpen === true;

  function look(): void {
    for (const list of directory.lists()) {
      if (!isKept(list) || !owns(list.id)) continue;
      try {
        connections.of(list)?.open?.();
      } catch (error) {
        onError(error);
      }
    }
    for (const listId of connections.openLists()) {
      if (!owns(listId) && isKept(directory.list(listId))) connections.close(listId);
    }
  }
  look();
  const timer = setInterval(look, EVERY_MS);
  timer.unref();
  return {
    async [Symbol.asyncDispose]() {
      clearInterval(timer);
    },
  };
}
