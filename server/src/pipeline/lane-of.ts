import { LANES, type LaneCode } from './batch.ts';
import { hasFlag } from './flags.ts';
import type { OutboundMessage } from './outbound-message.ts';

/** The lane in which a message waits again. */
export function laneOf({ flags, category }: Pick<OutboundMessage, 'flags' | 'category'>): LaneCode {
  if (hasFlag(flags, 'skip_rate_limit') || hasFlag(flags, 'simulated')) return LANES.express;
  return category === 'marketing' ? LANES.marketing : LANES.transactional;
}
