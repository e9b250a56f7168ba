import { expect, test } from 'vitest';
import { createMetrics } from './metrics.ts';

test('readings that fail are left out and the rest is told', async () => {
  const metrics = createMetrics({
    messagesByState: () => Promise.reject(new Error('the database is away')),
    logBacklog: () => Promise.resolve({ outbound: 3, events: 0 }),
  });
  metrics.onAccepted(2);
  const text = await metrics.text();
  expect(text).toContain('trackly_accepted_messages_total 2');
  expect(text).toContain('trackly_log_entries{topic="outbound"} 3');
  expect(text).not.toContain('trackly_messages{');
});
