/** Something was not over in time; it may still go on. */
export class TimeLimitError extends Error {
  override readonly name = 'TimeLimitError';
}

/**
 * What `work` settles with, if it does so in `timeoutMs`. Leaves no timer behind.
 * @throws TimeLimitError when it does not; else what `work` rejects with
 */
export async function within<T>(timeoutMs: number, work: Promise<T>): Promise<T> {
  let timer: NodeJS.Timeout | undefined;
  const timeout = new Promise<never>((_, reject) => {
    timer = setTimeout(() => reject(new TimeLimitError(`Not over within ${timeoutMs} ms`)), timeoutMs);
  });
  try {
    return await Promise.race([work, timeout]);
  } finally {
    clearTimeout(timer);
  }
}
