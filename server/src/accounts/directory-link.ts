import type pg from 'pg';
import { readDirectoryVersion } from '../store/directory-store.ts';
import { type Listening, openListening } from '../store/listening.ts';

export interface DirectoryLinkOptions {
  /** Opens a connection of its own. */
  readonly connect: () => Promise<pg.Client>;
  readonly pollMs: number;
  /** Somebody changed something. */
  readonly onChange: () => void;
  /** The database answered a poll: the version that it has. */
  readonly onVersion: (version: number) => void;
}

/**
 * A connection that hears of changes, and asks for the version now and then in case it did not hear. Says `onChange` too
 * whenever it begins to listen, because changes may have been missed.
 */
export function openDirectoryLink({ connect, pollMs, onChange, onVersion }: DirectoryLinkOptions): Listening {
  return openListening({
    connect,
    pollMs,
    channels: ['directory_changed'],
    onListening: onChange,
    onNotification: onChange,
    poll: async (client) => onVersion(await readDirectoryVersion(client)),
  });
}
