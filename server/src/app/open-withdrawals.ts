import * as contacts from '../contacts/index.ts';
import { openWithdrawalLink, type Stopped } from '../store/withdrawal-link.ts';
import { connectListener } from './database.ts';
import type { Foundation } from './foundation.ts';

/** What keeps back messages that passed the gate before an opt-out. */
export interface OpenWithdrawals {
  readonly withdrawals: contacts.Withdrawals;
  /** For opt-outs that somebody waits for: when it is told, no process starts a message any more. */
  readonly withdraw: contacts.Withdraw;
  /** For those that nobody waits for. */
  readonly withdrawSoon: contacts.Withdraw;
  /** Tells of opt-outs that have come and are not stored yet. Never rejects; takes a second in the worst case. */
  readonly announce: ((stopped: readonly Stopped[]) => Promise<void>) | undefined;
  /** Opt-outs of others may go by unheard. */
  readonly isDeaf: () => boolean;
}

/**
 * Every process hears of the opt-outs of others, if only of commands. One that has the embedded database has nobody to
 * tell.
 */
export async function openWithdrawals(
  { building, config, connection, clock, pool }: Foundation,
  workerId: number,
): Promise<OpenWithdrawals> {
  const isDeaf = (): boolean => link.isDeaf();
  const withdrawals = contacts.createWithdrawals({ isDeaf });
  const link = building.use(
    await openWithdrawalLink({
      connect: () => connectListener(connection),
      workerId: config.roles.has('pipeline') ? workerId : null,
      clock,
      onWithdrawn: (step, stopped) => withdrawals[step](stopped),
      onListening: () => withdrawals.doubtAll(),
    }),
  );
  const others = config.databaseUrl === null ? undefined : link;
  return {
    withdrawals,
    withdraw: contacts.createWithdraw(withdrawals, { link: others, waits: true }),
    withdrawSoon: contacts.createWithdraw(withdrawals, { link: others }),
    announce: others === undefined ? undefined : (stopped) => others.announce(pool, stopped),
    isDeaf,
  };
}
