import { DAY_MS, HOUR_MS, MINUTE_MS } from '../../src/lib/clock.ts';
import type { PipelineRig } from './pipeline-rig.ts';

/** A marketing message whose text nobody had. */
export function marketing(to: string, more: Readonly<Record<string, unknown>> = {}): Readonly<Record<string, unknown>> {
  return { to, body: `Sale ${Math.random()}`, category: 'marketing', skip_affixes: true, ...more };
}

/** Sends one and lets everything happen that is due. */
export async function sendMarketing(
  rig: PipelineRig,
  to: string,
  more: Readonly<Record<string, unknown>> = {},
): Promise<string> {
  const [id = ''] = await rig.send(marketing(to, more));
  await rig.drain();
  return id;
}

/** Moves the clock on to the next time at which it is this hour of UTC, plus minutes. */
export function goToHour(rig: PipelineRig, hourUtc: number, minute = 0): void {
  const nowMs = rig.clock();
  const today = Math.floor(nowMs / DAY_MS) * DAY_MS;
  const at = today + hourUtc * HOUR_MS + minute * MINUTE_MS;
  rig.advance((at > nowMs ? at : at + DAY_MS) - nowMs);
}

export async function goToEndOfHold(rig: PipelineRig, id: string): Promise<void> {
  const { hold } = await rig.get(id);
  rig.advance(Date.parse(hold?.until ?? '') - rig.clock() + 1_000);
  await rig.drain();
}

/** How often the carrier was handed the message. */
export function submitsOf(rig: PipelineRig, id: string): number {
  return rig.simulator.store.messageByOwnId(id)?.count ?? 0;
}
