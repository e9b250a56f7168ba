import type { Carrier, CarrierConnection } from '../../src/carriers/carrier.ts';
import type { ContractSubject } from '../../src/carriers/contract-suite.ts';
import type { HttpCarrierDeps } from '../../src/carriers/http-road/http-carrier.ts';
import { createHttpRoads, type HttpRoadsOptions } from '../../src/carriers/http-road/http-road.ts';
import type { TwinDialect } from '../../src/carriers/twin/twin-dialect.ts';
import { startTwinServer, type Twin, type TwinOptions } from '../../src/carriers/twin/twin-server.ts';
import type { Credentials } from '../../src/lib/credentials.ts';

/** A list's connection to the twin of its carrier. */
export interface TwinSubject extends ContractSubject {
  readonly twin: Twin;
  readonly carrier: Carrier;
}

export interface SubjectOptions extends TwinOptions, HttpRoadsOptions {
  /** On top of the twin's. */
  readonly credentials?: Credentials;
}

export const OWN_NUMBER = '+18445550111';
export const ACCOUNT_ID = '68f0c2a7d1e94b0012ab34cd';

/** Connects a carrier to its twin; the twin's receipts go nowhere unless the options name an address. */
export async function openTwinSubject(
  createCarrier: (deps: HttpCarrierDeps) => Carrier,
  createDialect: () => TwinDialect,
  options: SubjectOptions = {},
): Promise<TwinSubject> {
  const twin = await startTwinServer(createDialect(), { timeScale: 0.01, ...options });
  const roads = createHttpRoads({ stopGraceMs: 200, ...options });
  const carrier = createCarrier({ roads, publicUrl: options.callbackUrl ?? 'http://127.0.0.1:9' });
  const credentials = { ...twin.credentials, ...options.credentials };
  const connection: CarrierConnection = carrier.connect({
    id: 1,
    accountId: ACCOUNT_ID,
    number: OWN_NUMBER,
    credentials,
  });
  return {
    twin,
    carrier,
    connection,
    from: OWN_NUMBER,
    recipient: (n) => `+1312555${String(2_000 + n).padStart(4, '0')}`,
    async [Symbol.asyncDispose]() {
      await connection[Symbol.asyncDispose]();
      await roads[Symbol.asyncDispose]();
      await twin[Symbol.asyncDispose]();
    },
  };
}
