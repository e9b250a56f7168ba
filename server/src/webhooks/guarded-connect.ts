import type { LookupFunction } from 'node:net';
import { isIP } from 'node:net';
import { buildConnector } from 'undici';
import type { ResolvedAddress, ResolveHost } from '../lib/resolve-host.ts';
import type { AddressRules } from './address-rules.ts';

/** The receiver is at no address that may be called. */
class AddressRefusedError extends Error {
  readonly code = 'address_refused';
}

class NameNotFoundError extends Error {
  readonly code = 'ENOTFOUND';
}

/** Between addresses of one name that are tried one after another. */
const NEXT_ADDRESS_MS = 1_000;
const MAX_TLS_SESSIONS = 2_000;

export interface GuardedConnectOptions {
  readonly rules: AddressRules;
  readonly resolve: ResolveHost;
  readonly timeoutMs: number;
  /** Certificates in PEM to trust instead of those of Node. */
  readonly ca?: string | undefined;
}

/**
 * Opens sockets to allowed addresses only: each look-up of a name is judged where the socket makes it, so that a name
 * server that answers otherwise the second time gains nothing; addresses in the place of a name are judged before, and
 * the one that is connected to again after. No proxy is asked. A certificate must be for the name of the URL, whatever
 * address it led to.
 */
export function createGuardedConnector(options: GuardedConnectOptions): buildConnector.connector {
  const { rules, resolve, timeoutMs, ca } = options;
  const connect = buildConnector({
    timeout: timeoutMs,
    lookup: createGuardedLookup(rules, resolve),
    autoSelectFamily: true,
    autoSelectFamilyAttemptTimeout: NEXT_ADDRESS_MS,
    maxCachedSessions: MAX_TLS_SESSIONS,
    // Said, so that NODE_TLS_REJECT_UNAUTHORIZED does not count.
    rejectUnauthorized: true,
    ...(ca === undefined ? {} : { ca }),
  });
  return (target, callback) => {
    const host = target.hostname.replace(/^\[(.*)\]$/, '$1');
    if (isIP(host) !== 0 && !rules.allows(host)) {
      process.nextTick(() => callback(new AddressRefusedError(), null));
      return;
    }
    connect(isIP(host) === 0 ? withServerName(target) : target, (...[error, socket]) => {
      if (error !== null) return callback(error, null);
      if (rules.allows(socket.remoteAddress ?? '')) return callback(null, socket);
      socket.destroy();
      return callback(new AddressRefusedError(), null);
    });
  };
}

/** The server is told the name without the dot of the root (RFC 6066 §3). */
function withServerName(target: buildConnector.Options): buildConnector.Options {
  return { ...target, servername: target.hostname.replace(/\.$/, '') };
}

type Lookup = Parameters<LookupFunction>;

function createGuardedLookup(rules: AddressRules, resolve: ResolveHost): LookupFunction {
  async function pick(name: string): Promise<ResolvedAddress[]> {
    const found = await resolve(name);
    if (found.length === 0) throw new NameNotFoundError();
    const allowed = found.filter(({ address }) => rules.allows(address));
    if (allowed.length === 0) throw new AddressRefusedError();
    return allowed;
  }

  async function answer(name: Lookup[0], { all }: Lookup[1], callback: Lookup[2]): Promise<void> {
    let addresses: ResolvedAddress[];
    try {
      addresses = await pick(name);
    } catch (error) {
      callback(error as Error, '', 0);
      return;
    }
    const [first] = addresses;
    if (all === true) callback(null, addresses);
    else callback(null, first?.address ?? '', first?.family);
  }

  return (name, options, callback) => void answer(name, options, callback);
}
