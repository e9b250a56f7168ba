import { deriveKey, seal, unseal } from '../lib/sealed.ts';

/** Hides answers that hold a secret where they are kept for requests that come again. */
export interface AnswerCover {
  seal(json: string, place: string): string;
  /** undefined: it was sealed under another secret key. */
  open(sealed: string, place: string): string | undefined;
}

/** With a key of its own, which a rotation of data keys leaves alone: answers are kept for days only. */
export function createAnswerCover(secretKey: Buffer): AnswerCover {
  const key = deriveKey(secretKey, 'trackly answers that are kept');
  return {
    seal: (json, place) => seal(key, Buffer.from(json), place).toString('base64'),
    open: (sealed, place) => unseal(key, Buffer.from(sealed, 'base64'), place)?.toString(),
  };
}
