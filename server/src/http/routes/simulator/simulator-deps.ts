import type { SimulatorCarrier } from '../../../carriers/simulator/simulator-carrier.ts';
import type { Clock } from '../../../lib/clock.ts';

/** A list that sends through the simulator. */
export interface SimulatorList {
  readonly id: number;
  readonly accountId: string;
  readonly number: string;
}

export interface SimulatorRoutesDeps {
  readonly simulator: SimulatorCarrier;
  readonly clock: Clock;
  /** Loopback, or a network that the operator named. */
  readonly isAllowedAddress: (ip: string) => boolean;
  readonly enabled: () => boolean;
  /** Lists of the simulator type that are not deleted, of every account. */
  readonly simulatorLists: () => readonly SimulatorList[];
  readonly hasAccount: (accountId: string) => boolean;
}
