import { join } from 'node:path';
import type { Directory } from '../accounts/index.ts';
import type { CarrierEvents } from '../carriers/carrier.ts';
import { createHttpCarriers, createHttpRoads, createSmppCarrier, type SmppArrival } from '../carriers/index.ts';
import { createSimulatorCarrier, type SimulatorCarrier } from '../carriers/simulator/simulator-carrier.ts';
import { openSimulatorStore } from '../carriers/simulator/simulator-store.ts';
import type { Config } from '../config/config.ts';
import type { Clock } from '../lib/clock.ts';
import type { DisposalStack } from '../lib/disposal-stack.ts';
import type { CarrierHealth } from '../observe/carrier-health.ts';
import * as pipeline from '../pipeline/index.ts';
import type { CallbackReceiver } from '../pipeline/index.ts';
import { insertStrayText, type StrayText } from '../store/stray-text-store.ts';
import { insertUnreadableCall } from '../store/unreadable-call-store.ts';
import type { Foundation } from './foundation.ts';

interface ArrivalDeps {
  readonly directory: Directory;
  readonly onEvents: (events: CarrierEvents) => Promise<void>;
  readonly keepStray: (text: StrayText) => Promise<void>;
  readonly onError: (error: unknown) => void;
}

/** Stores what came in over the sessions of one list for whichever list of the same account at the SMSC it is meant. */
async function takeArrival(
  { directory, onEvents, keepStray, onError }: ArrivalDeps,
  { list, content, isSameAccount }: SmppArrival,
): Promise<void> {
  const known = new Set([...directory.lists(), ...directory.listsOf(list.accountId)]);
  const lists = [...known].filter(
    ({ id, type, credentials }) =>
      id === list.id || (type === 'smpp' && credentials !== null && isSameAccount(credentials)),
  );
  await Promise.all(pipeline.shareArrivals(content, lists).map(onEvents));
  for (const { from, to, text } of content.inbound.filter((each) => pipeline.isStray(each, lists))) {
    await keepStray({ carrier: 'smpp', accountId: list.accountId, ownNumber: to, phone: from, body: text }).catch(
      onError,
    );
  }
}

function openSimulator(
  building: DisposalStack,
  config: Config,
  deps: { clock: Clock; onEvents: (events: CarrierEvents) => Promise<void> },
): SimulatorCarrier {
  const store = building.use(openSimulatorStore(join(config.dataDir, 'simulator')));
  return building.use(createSimulatorCarrier({ store, ...deps }));
}

/** The carriers, their connections, and what takes their calls. */
export interface OpenCarriers {
  readonly simulator: SimulatorCarrier;
  readonly connections: ReturnType<typeof pipeline.createConnections>;
  readonly callbacks: CallbackReceiver;
}

interface CarrierDeps extends Foundation {
  readonly health: CarrierHealth;
  /** Stores what comes in; durable when it resolves. */
  readonly onEvents: (events: CarrierEvents) => Promise<void>;
  readonly onError: (error: unknown) => void;
}

export function openCarriers(deps: CarrierDeps): OpenCarriers {
  const { building, config, clock, pool, directory, health, onEvents, onError } = deps;
  const keepStray = async (text: StrayText): Promise<void> => insertStrayText(pool, text, clock());
  const simulator = openSimulator(building, config, { clock, onEvents });
  const { carrierConnectMs: connectTimeoutMs, carrierAnswerMs: answerTimeoutMs } = config;
  const roads = building.use(createHttpRoads({ connectTimeoutMs, answerTimeoutMs }));
  const smpp = createSmppCarrier({
    clock,
    onArrived: (arrival) => takeArrival({ directory, onEvents, keepStray, onError }, arrival),
    onSessions: (listId, sessions) => health.onSessions(listId, sessions),
  });
  const carriers = [simulator, ...createHttpCarriers({ roads, publicUrl: config.publicUrl }), smpp];
  const connections = building.use(pipeline.createConnections(carriers));
  const callbacks = pipeline.createCallbackReceiver({
    directory,
    carriers,
    allowUnsigned: config.allowUnsignedCallbacks,
    onEvents,
    keepUnreadable: async (call) => insertUnreadableCall(pool, call, clock()),
    keepStray,
    onError,
  });
  return { simulator, connections, callbacks };
}
