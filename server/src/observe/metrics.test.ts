import { expect, test } from 'vitest';
import { createCarrierHealth } from './carrier-health.ts';
import { createMetrics } from './metrics.ts';

test('readings that fail are left out and the rest is told', async () => {
  const health = createCarrierHealth(() => 0);
  health.onSubmitted(7, 3);
  health.onAnswered(7, [{ outcome: { kind: 'accepted' } }]);
  health.onReceipts(7, 2, 3);
  health.onSessions(7, { bound: 1, wanted: 2, missing: { detail: 'CARRIER_UNAVAILABLE', code: null } });
  const metrics = createMetrics({
    messagesByState: () => Promise.reject(new Error('the database is away')),
    logBacklog: () => Promise.resolve({ outbound: 3, events: 0 }),
    health,
    typeOf: () => 'twilio',
    webhooksWaiting: () => Promise.resolve(5),
  });
  metrics.onAccepted(2);
  metrics.onWebhookTries('delivered', 7);
  const text = await metrics.text();
  expect(text).toContain('trackly_accepted_messages_total 2');
  expect(text).toContain('trackly_log_entries{topic="outbound"} 3');
  expect(text).toContain('trackly_webhook_tries_total{outcome="delivered"} 7');
  expect(text).toContain('trackly_webhook_deliveries{state="pending"} 5');
  expect(text).not.toContain('trackly_messages{');
  const labels = 'list="7",carrier="twilio"';
  expect(text).toContain(`trackly_carrier_up{${labels}} 1`);
  expect(text).toContain(`trackly_carrier_sessions{${labels},state="bound"} 1`);
  expect(text).toContain(`trackly_carrier_sessions{${labels},state="missing"} 1`);
  expect(text).toContain(`trackly_carrier_in_flight_messages{${labels}} 2`);
  expect(text).toContain(`trackly_carrier_receipts_total{${labels},matched="yes"} 2`);
  expect(text).toContain(`trackly_carrier_receipts_total{${labels},matched="no"} 1`);
});
