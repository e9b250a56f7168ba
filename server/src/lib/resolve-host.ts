import { Resolver } from 'node:dns/promises';
import { readFile } from 'node:fs/promises';
import { isIP } from 'node:net';

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
    const [v4, v6] = await Promise.allSettled([resolver.resolve4(name), resolver.resolve6(name)]);
    const found: ResolvedAddress[] = [
      ...(v4.status === 'fulfilled' ? v4.value : []).map((address) => ({ address, family: 4 as const })),
      ...(v6.status === 'fulfilled' ? v6.value : []).map((address) => ({ address, family: 6 as const })),
    ];
    if (found.length === 0 && v4.status === 'rejected') throw v4.reason;
    return found;
  };
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
