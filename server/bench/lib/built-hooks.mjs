const SOURCES = new URL('../../src/', import.meta.url).href;
const BUILT = new URL('../../dist/', import.meta.url).href;

/** Node's resolve hook. */
export async function resolve(specifier, context, nextResolve) {
  const resolved = await nextResolve(specifier, context);
  if (!resolved.url.startsWith(SOURCES)) return resolved;
  const url = BUILT + resolved.url.slice(SOURCES.length).replace(/\.ts(\?.*)?$/, '.js');
  return { url, format: 'module', shortCircuit: true };
}
