import { createHash } from 'node:crypto';
import type { IncomingMessage } from 'node:http';
import { AppError } from '../lib/errors.ts';

/** A body of any size as it comes; it can be read once. */
export interface RequestFile {
  /** @throws AppError `invalid_request` when the connection ends before the file does */
  readonly bytes: AsyncIterable<Uint8Array>;
  /** SHA-256 of what was read, hexadecimal; asked once. */
  digest(): string;
}

export function readFile(request: IncomingMessage): RequestFile {
  const hash = createHash('sha256');
  async function* read(): AsyncGenerator<Uint8Array> {
    try {
      for await (const chunk of request as AsyncIterable<Buffer>) {
        hash.update(chunk);
        yield chunk;
      }
    } catch (cause) {
      throw new AppError('invalid_request', { cause });
    }
  }
  return { bytes: read(), digest: () => hash.digest('hex') };
}
