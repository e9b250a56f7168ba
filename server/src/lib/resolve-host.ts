import { Resolver } from 'node:dns/promises';
import { readFile } from 'node:fs/promises';
import { isIP } from 'node:net';
import { pause } from './pause.ts';

export interface ResolvedAddress {
  readonly address: string;
  readonly family: 4 | 6;
}

/** All addresses of a fully qualified name, IPv4 first. Rejects with the code of the resolver when there are none. */
export type ResolveHost = (name: string) => Promise<ResolvedAddress[]>;

export interface HostResolverOptions {
  /** Name servers, each with its port; default: those of the system. */
  readonly servers?: readonly string[];
}

const QUERY_TIMEOUT_MS = 2_000;
const TRIES = 2;
const OTHER_FAMILY_MS = 250;
const HOSTS_FILE = '/etc/hosts';
const HOSTS_FRESH_MS = 10_000;

/**
 * Asks the name servers of the system by sockets, and looks into /etc/hosts first. Unlike `dns.lookup`, which waits in one
 * of the four threads that files need too, a name server that does not answer delays nobody else. Search domains are not
 * tried.
 */
export function createHostResolver(options: HostResolverOptions = {}): ResolveHost {
  const resolver = new Resolver({ timeout: QUERY_TIMEOUT_MS, tries: TRIES });
  if (options.servers !== undefined) resolver.setServers(options.servers);
  const hosts = createHostsFile();
  return async (name) => {
    const known = (await hosts()).get(name.toLowerCase().replace(/\.$/, ''));
    if (known !== undefined) return known;
    return await ask(resolver, name);
  };
}

/** Once one family has answered, the other has a moment left: a name server that is silent about it holds nobody up. */
async function ask(resolver: Resolver, name: string): Promise<ResolvedAddress[]> {
  const found: ResolvedAddress[] = [];
  const keep = (addresses: readonly string[], family: 4 | 6) =>
    found.push(...addresses.map((address) => ({ address, family })));
  const four = resolver.resolve4(name).then((addresses) => keep(addresses, 4));
  const six = resolver.resolve6(name).then((addresses) => keep(addresses, 6));
  const both = Promise.allSettled([four, six]);
  const one = Promise.any([four, six]).then(
    () => pause(OTHER_FAMILY_MS),
    () => both,
  );
  await Promise.race([both, one]);
  if (found.length === 0) await four;
  return found.toSorted((a, b) => a.family - b.family);
}

function createHostsFile(): () => Promise<ReadonlyMap<string, ResolvedAddress[]>> {
  let readMs = Number.NEGATIVE_INFINITY;
  let hosts: ReadonlyMap<string, ResolvedAddress[]> = new Map();
  return async () => {
    if (performance.now() - readMs < HOSTS_FRESH_MS) return hosts;
    readMs = performance.now();
    hosts = parseHosts(await readFile(HOSTS_FILE, 'utf8').catch(() => ''));
    return hosts;
  };
}

/** Names in lower case with their addresses in the order of the file (hosts(5)). */
export function parseHosts(text: string): Map<string, ResolvedAddress[]> {
  const hosts = new Map<string, ResolvedAddress[]>();
  for (const line of text.split('\n')) {
    const [address = '', ...names] = line.replace(/#.*/, '').trim().split(/\s+/);
    const family = isIP(address);
    if (family === 0) continue;
    for (const name of names) {
      const known = hosts.get(name.toLowerCase()) ?? [];
      hosts.set(name.toLowerCase(), [...known, { address, family: family === 4 ? 4 : 6 }]);
    }
  }
  return hosts;
}
