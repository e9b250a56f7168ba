import type { CredentialField } from '../lib/credentials.ts';
import type { Carrier } from './carrier.ts';
import type { HttpCarrierDeps } from './http-road/http-carrier.ts';
import { createHttpRoads } from './http-road/http-road.ts';
import { SIMULATOR_CREDENTIALS } from './simulator/simulator-carrier.ts';
import { createTwilioCarrier } from './twilio/twilio-carrier.ts';

export { createHttpRoads };

/** Every carrier that is reached over HTTP. */
export function createHttpCarriers(deps: HttpCarrierDeps): Carrier[] {
  return [createTwilioCarrier(deps)];
}

/** List types with what a list of each has to know. */
export function readCredentialFields(): ReadonlyMap<string, readonly CredentialField[]> {
  const carriers = createHttpCarriers({ roads: createHttpRoads(), publicUrl: '' });
  return new Map([
    ['simulator', SIMULATOR_CREDENTIALS],
    ...carriers.map(({ type, credentials }) => [type, credentials] as const),
  ]);
}
