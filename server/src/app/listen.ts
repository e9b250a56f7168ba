import { BlockList, isIP } from 'node:net';
import type { Account, Directory } from '../accounts/index.ts';
import { closeServer } from '../http/close-server.ts';
import { registerSimulatorRoutes } from '../http/routes/simulator/register-simulator-routes.ts';
import { createHttpServer } from '../http/server.ts';
import { addRedirects } from '../redirector/add-redirects.ts';
import * as secrets from '../secrets/index.ts';
import type { Parts } from './build-parts.ts';

/** Serves what the roles of this process ask for; returns its address. */
export async function listen(parts: Parts): Promise<string> {
  const { building, config, directory, limits, pool, clock, accept, callbacks, verbs, metrics, logger, linkIds } =
    parts;
  const app = createHttpServer({
    config,
    directory,
    accept,
    idCodec: parts.ids,
    pool,
    clock,
    cover: secrets.createAnswerCover(parts.secretKey),
    verbs,
    callbacks,
    optInPages: parts.optInPages,
    metricsText: () => metrics.text(),
    isReady: parts.readiness,
    limits,
    servesApi: config.roles.has('api'),
    reportError: (error, requestId) => logger.error({ err: error, requestId }, 'request failed'),
    addRoutes: (scope) => registerSimulatorRoutes(scope, simulatorDeps(parts)),
  });
  if (config.roles.has('redirector')) addRedirects(app, { pool, linkIds, directory });
  building.defer(() => closeServer(app));
  await app.listen({ host: config.host, port: config.port });
  const address = app.server.address();
  const port = typeof address === 'object' && address !== null ? address.port : config.port;
  return `http://${config.host.includes(':') ? `[${config.host}]` : config.host}:${port}`;
}

function simulatorDeps({ config, simulator, clock, directory }: Parts): Parameters<typeof registerSimulatorRoutes>[1] {
  const simulatorLists = (): ReturnType<Directory['lists']> =>
    directory.lists().filter((list) => list.type === 'simulator');
  return {
    simulator,
    clock,
    isAllowedAddress: createAddressCheck(config.simulatorCidrs),
    enabled: () => config.simulator ?? (!config.production && simulatorLists().length === directory.lists().length),
    simulatorLists,
    hasAccount: (accountId) => isKnown(directory.account(accountId)),
  };
}

function isKnown(account: Account | undefined): boolean {
  return account !== undefined && account.status !== 'deleted';
}

/** Loopback, and the networks that the operator named. */
function createAddressCheck(cidrs: readonly string[]): (address: string) => boolean {
  const allowed = new BlockList();
  allowed.addSubnet('127.0.0.0', 8, 'ipv4');
  allowed.addAddress('::1', 'ipv6');
  for (const cidr of cidrs) {
    const [network = '', bits = ''] = cidr.split('/');
    allowed.addSubnet(network, Number(bits), isIP(network) === 6 ? 'ipv6' : 'ipv4');
  }
  return (address) => {
    const plain = address.startsWith('::ffff:') ? address.slice('::ffff:'.length) : address;
    // What a proxy forwards may be anything.
    return isIP(plain) > 0 && allowed.check(plain, isIP(plain) === 6 ? 'ipv6' : 'ipv4');
  };
}
