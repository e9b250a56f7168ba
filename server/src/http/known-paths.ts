interface KnownPath {
  /** Decoded segments; `:name` matches any one, `*` the rest. */
  readonly segments: readonly string[];
  readonly methods: Set<string>;
}

/** All paths that are served, to tell a wrong method from a wrong path. Asked only for requests that match no route. */
export class KnownPaths {
  readonly #paths: KnownPath[] = [];

  add(methods: readonly string[], path: string): void {
    const segments = withoutLastSlash(path).split('/');
    const existing = this.#paths.find((known) => known.segments.join('/') === segments.join('/'));
    const known = existing ?? { segments, methods: new Set(['OPTIONS']) };
    if (existing === undefined) this.#paths.push(known);
    for (const method of methods) known.methods.add(method);
    if (known.methods.has('GET')) known.methods.add('HEAD');
  }

  /** Methods of a path (one slash at its end already cut) in the form of `Allow`; undefined when it is not known. */
  allow(path: string): string | undefined {
    const segments = decodeSegments(path.split('/'));
    const matching = segments === undefined ? [] : this.#paths.filter((known) => matches(known.segments, segments));
    const methods = new Set(matching.flatMap((known) => [...known.methods]));
    return methods.size === 0 ? undefined : [...methods].sort().join(', ');
  }
}

function withoutLastSlash(path: string): string {
  return path.length > 1 && path.endsWith('/') ? path.slice(0, -1) : path;
}

function decodeSegments(segments: readonly string[]): string[] | undefined {
  try {
    return segments.map(decodeURIComponent);
  } catch {
    return undefined;
  }
}

function matches(pattern: readonly string[], segments: readonly string[]): boolean {
  if (pattern.at(-1) !== '*' && pattern.length !== segments.length) return false;
  return pattern.every(
    (part, i) => part === '*' || (part.startsWith(':') && segments[i] !== '') || part === segments[i],
  );
}
