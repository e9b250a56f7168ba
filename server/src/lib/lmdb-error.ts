/** The reason of a failed commit: lmdb-js rejects with a general error that carries a promise of the real one. */
export async function causeOfLmdbError(error: unknown): Promise<unknown> {
  if (!(error instanceof Error) || !('commitError' in error)) return error;
  try {
    await error.commitError;
    return error;
  } catch (cause) {
    return cause;
  }
}
