interface Disposable {
  [Symbol.asyncDispose](): PromiseLike<void>;
}

/**
 * What has to be closed, closed in reverse order. Node 20 has no AsyncDisposableStack; this is the part of it that we
 * use. A failure to close one thing does not keep the others open; the first failure is thrown at the end.
 */
export class DisposalStack implements Disposable {
  private closers: (() => unknown)[] = [];

  use<T extends Disposable>(resource: T): T {
    this.closers.push(() => resource[Symbol.asyncDispose]());
    return resource;
  }

  adopt<T>(resource: T, close: (resource: T) => unknown): T {
    this.closers.push(() => close(resource));
    return resource;
  }

  defer(close: () => unknown): void {
    this.closers.push(close);
  }

  async [Symbol.asyncDispose](): Promise<void> {
    const failures: unknown[] = [];
    for (let close = this.closers.pop(); close !== undefined; close = this.closers.pop()) {
      try {
        await close();
      } catch (error) {
        failures.push(error);
      }
    }
    if (failures.length > 0) throw failures[0];
  }
}
