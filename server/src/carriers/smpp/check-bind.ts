import { SmppClient } from '@trackly/smpp';
import type { CheckResult } from '../carrier.ts';
import { toReason } from './bind-watch.ts';
import type { SmppSettings } from './settings.ts';

/** Binds once more beside what is bound, and ends it at once. What comes in meanwhile is refused, so that it comes again. */
export async function checkBind({ client: options }: SmppSettings): Promise<CheckResult> {
  const bindMode = options.bindMode === 'transceiver' ? 'transceiver' : 'transmitter';
  let onTried = (_result: CheckResult): void => {};
  const tried = new Promise<CheckResult>((resolve) => (onTried = resolve));
  const client = new SmppClient({
    ...options,
    bindMode,
    binds: 1,
    onDeliver: () => Promise.reject(new Error('A check keeps nothing')),
    onState({ state, lastError }) {
      if (state === 'bound') onTried({ passed: true, detail: null });
      else if (state === 'waiting') onTried({ passed: false, detail: toDetail(lastError) });
    },
  });
  const result = await tried;
  await client.close();
  return result;
}

function toDetail(error: string | null): string | null {
  const { detail, code } = toReason(error);
  return detail === 'REJECTED_CREDENTIALS' ? detail : (code ?? detail);
}
