import type { CredentialField } from '../lib/credentials.ts';
import type { Carrier } from './carrier.ts';
import { createCmCarrier } from './cm/cm-carrier.ts';
import { createCmTwin } from './cm/twin.ts';
import { createGenericHttpCarrier } from './http/generic-http-carrier.ts';
import { createHttpTwin } from './http/twin.ts';
import type { HttpCarrierDeps } from './http-road/http-carrier.ts';
import { createHttpRoads } from './http-road/http-road.ts';
import { createInfobipCarrier } from './infobip/infobip-carrier.ts';
import { createInfobipTwin } from './infobip/twin.ts';
import { SIMULATOR_CREDENTIALS } from './simulator/simulator-carrier.ts';
import { createSmppCarrier, type SmppArrival } from './smpp/smpp-carrier.ts';
import { SMPP_CREDENTIALS } from './smpp/settings.ts';
import { SMPP_BEHAVIOURS, type SmppBehaviour, startSmppTwin } from './smpp/twin.ts';
import { createTelnyxCarrier } from './telnyx/telnyx-carrier.ts';
import { createTelnyxTwin } from './telnyx/twin.ts';
import { createTwilioCarrier } from './twilio/twilio-carrier.ts';
import { createTwilioTwin } from './twilio/twin.ts';
import { TWIN_BEHAVIOURS, type TwinBehaviour } from './twin/twin-plan.ts';
import type { TwinDialect } from './twin/twin-dialect.ts';
import { startTwinServer, type Twin, type TwinOptions } from './twin/twin-server.ts';

export { createSmppCarrier, type SmppArrival };
export { createHttpRoads, type Twin, type TwinOptions };

/** Every carrier that is reached over HTTP. */
export function createHttpCarriers(deps: HttpCarrierDeps): Carrier[] {
  return [
    createTwilioCarrier(deps),
    createInfobipCarrier(deps),
    createCmCarrier(deps),
    createTelnyxCarrier(deps),
    createGenericHttpCarrier(deps),
  ];
}

/** List types with what a list of each has to know. */
export function readCredentialFields(): ReadonlyMap<string, readonly CredentialField[]> {
  const carriers = createHttpCarriers({ roads: createHttpRoads(), publicUrl: '' });
  return new Map([
    ['simulator', SIMULATOR_CREDENTIALS],
    ['smpp', SMPP_CREDENTIALS],
    ...carriers.map(({ type, credentials }) => [type, credentials] as const),
  ]);
}

const TWINS = {
  twilio: createTwilioTwin,
  infobip: createInfobipTwin,
  cm: createCmTwin,
  telnyx: createTelnyxTwin,
  http: createHttpTwin,
} as const satisfies Record<string, () => TwinDialect>;

/** Carriers that have a twin. */
export type TwinType = keyof typeof TWINS | 'smpp';

export const TWIN_TYPES: readonly string[] = [...Object.keys(TWINS), 'smpp'];

/** Faults that the twin of a carrier shows when it is told to, by name, with what it does then. */
export function twinBehavioursOf(type: TwinType): Readonly<Record<string, string>> {
  return type === 'smpp' ? SMPP_BEHAVIOURS : TWIN_BEHAVIOURS;
}

export interface AnyTwinOptions extends Omit<TwinOptions, 'behaviours'> {
  /** Names of `twinBehavioursOf`. */
  readonly behaviours?: readonly string[];
}

/** Starts a peer that speaks as the carrier does: for tests, and for trying a set-up before there is an account. */
export async function startTwin(type: TwinType, { behaviours = [], ...options }: AnyTwinOptions = {}): Promise<Twin> {
  if (type === 'smpp') return await startSmppTwin({ ...options, behaviours: behaviours as SmppBehaviour[] });
  return await startTwinServer(TWINS[type](), { ...options, behaviours: behaviours as TwinBehaviour[] });
}
