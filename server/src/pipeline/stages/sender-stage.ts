import { drop, keep, type RefusalReason, type Stage } from '../stage.ts';
import type { Check } from '../decisions.ts';

/** Steps 1 to 4 of the gate: account, list, its status, its verification. The answer is the same for all messages. */
export function createSenderStage(): Stage {
  return {
    name: 'sender',
    run(batch) {
      const { account, list } = batch;
      const checks: readonly (readonly [Check, RefusalReason | undefined])[] = [
        // Without a list nobody knows the account: the next check tells.
        ['account', list === undefined || account?.status === 'active' ? undefined : drop('account_suspended')],
        ['list', list === undefined ? { outcome: { state: 'orphaned', reason: 'orphan' } } : undefined],
        ['list_status', list?.status === 'active' ? undefined : drop('inactive_list', list?.status ?? null)],
        ['verified', list?.verified === true ? undefined : drop('webhook_not_configured')],
      ];
      for (const [check, refusal] of checks) keep(batch, check, () => refusal);
    },
  };
}
