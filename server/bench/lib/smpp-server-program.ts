/* An SMSC that takes everything, on a core of its own. Prints its port. */
import { SmppServer } from '@trackly/smpp';

let messages = 0;
const server = new SmppServer({
  onBind: () => ({}),
  onSubmit: () => ({ messageId: String(++messages) }),
  maxPending: 10_000,
});
process.once('SIGTERM', () => process.exit(0));
process.stdout.write(`${JSON.stringify({ port: await server.listen() })}\n`);
