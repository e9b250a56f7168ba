import type { Account, Directory, List } from './accounts/index.ts';
import { createHttpCarriers, createHttpRoads, createSmppCarrier, readCredentialFields } from './carriers/index.ts';
import type { Config } from './config/config.ts';
import { type Clock, MINUTE_MS } from './lib/clock.ts';
import { findCredentialError, textOf } from './lib/credentials.ts';
import * as lists from './lists/index.ts';
import type { Pool } from './store/pool.ts';
import { isRoleAlive } from './store/worker-store.ts';

export { startTwin, TWIN_TYPES, twinBehavioursOf } from './carriers/index.ts';
export type { Twin, TwinType } from './carriers/index.ts';

/** A server that lives says so more often. */
const SEEN_MS = MINUTE_MS;

export interface CarrierCheckDeps extends Pick<lists.CheckCarrierDeps, 'send' | 'read' | 'onStep'> {
  readonly pool: Pool;
  readonly clock: Clock;
  readonly config: Config;
  readonly directory: Directory;
}

/** Checks the list from here: with a connection of our own, and with a message that the running server sends. */
export async function checkCarrier(
  { pool, clock, config, ...deps }: CarrierCheckDeps,
  input: lists.CheckCarrierInput,
): Promise<boolean> {
  const fields = readCredentialFields();
  const { publicUrl, carrierConnectMs, carrierAnswerMs } = config;
  await using roads = createHttpRoads({ connectTimeoutMs: carrierConnectMs, answerTimeoutMs: carrierAnswerMs });
  const onArrived = (): Promise<void> => Promise.reject(new Error('A check keeps nothing'));
  const carriers = [...createHttpCarriers({ roads, publicUrl }), createSmppCarrier({ clock, onArrived })];
  const carrierOf = (list: List): (typeof carriers)[number] | undefined =>
    carriers.find(({ type }) => type === list.type);
  return await lists.checkCarrier(
    {
      ...deps,
      clock,
      findCredentialError: (list) => findCredentialError(fields.get(list.type) ?? [], list.credentials ?? {}),
      open(list) {
        const { id, accountId, number } = list;
        const connection = carrierOf(list)?.connect({ id, accountId, number, credentials: list.credentials ?? {} });
        return connection ?? NOTHING_TO_ASK;
      },
      isSending: () => isRoleAlive(pool, 'pipeline', clock() - SEEN_MS),
      callbackUrl: (list) => ((carrierOf(list)?.callbacks ?? null) === null ? null : toCallbackUrl(publicUrl, list)),
    },
    input,
  );
}

const NOTHING_TO_ASK: lists.Probe = { async [Symbol.asyncDispose]() {} };

/** What is entered at the carrier. A secret of the path is named, not shown. */
function toCallbackUrl(publicUrl: string, { type, accountId, credentials }: List): string {
  const secret = textOf(credentials ?? {}, 'callback_secret') === undefined ? '' : '/CALLBACK_SECRET';
  return `${publicUrl}/api/webhook-feedbacks/${type}${secret}?account=${accountId satisfies Account['id']}`;
}
