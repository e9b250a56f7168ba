import { makeMessage } from '../contract-suite.ts';
import { createSimulatorCarrier } from './simulator-carrier.ts';
import { openSimulatorStore } from './simulator-store.ts';

/**
 * Submits batch after batch until it is killed, and prints an id only after its submit was answered. Whoever takes the
 * receipts is down, so that all of them stay due.
 */
const store = openSimulatorStore(process.argv[2] ?? '');
const carrier = createSimulatorCarrier({
  store,
  clock: Date.now,
  timeScale: 0.01,
  onEvents: () => Promise.reject(new Error('Nobody takes receipts')),
});
const connection = carrier.connect({ id: 7, accountId: 'a'.repeat(24), number: '+18005551000', credentials: {} });
for (;;) {
  const batch = Array.from({ length: 100 }, (_, n) => makeMessage('+18005551000', `+1312556${1_000 + n}`));
  await connection.submit(
    batch,
    (index) => process.stdout.write(`${batch[index]?.id}\n`),
    new AbortController().signal,
  );
}
