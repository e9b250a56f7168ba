import { SmppServer, type ServerOptions, type ServerSession } from '@trackly/smpp';
import type { CallbackContent, CarrierConnection } from '../../src/carriers/carrier.ts';
import type { ContractSubject } from '../../src/carriers/contract-suite.ts';
import { createSmppCarrier } from '../../src/carriers/smpp/smpp-carrier.ts';
import type { Credentials } from '../../src/lib/credentials.ts';
import { ACCOUNT_ID, OWN_NUMBER } from './carrier-subject.ts';

/** A list's connection to an SMSC of the test's making. */
export interface SmppSubject extends ContractSubject {
  readonly connection: CarrierConnection;
  readonly server: SmppServer;
  readonly credentials: Credentials;
  /** What was stored, a group an entry. */
  readonly arrived: CallbackContent[];
  /** What storing does; by default it works. */
  onStore: () => Promise<void>;
  /** The session that receives. */
  session(): ServerSession;
}

export interface SmppSubjectOptions {
  readonly server?: Partial<ServerOptions>;
  readonly credentials?: Credentials;
}

/** Longer than the first wait for another session. */
const GRACE_MS = 2_000;

export async function openSmppSubject({ server, credentials }: SmppSubjectOptions = {}): Promise<SmppSubject> {
  let ids = 0;
  const smsc = new SmppServer({ onBind: () => ({}), onSubmit: () => ({ messageId: `m${++ids}` }), ...server });
  const port = await smsc.listen();
  const access = { host: '127.0.0.1', port, system_id: 'trackly', password: 'trackly' };
  const whole = { ...access, response_timeout_s: 1, ...credentials };
  const arrived: CallbackContent[] = [];
  const carrier = createSmppCarrier({
    clock: Date.now,
    graceMs: GRACE_MS,
    async onArrived({ content }) {
      await subject.onStore();
      arrived.push(content);
    },
  });
  const connection = carrier.connect({ id: 1, accountId: ACCOUNT_ID, number: OWN_NUMBER, credentials: whole });
  const subject: SmppSubject = {
    connection,
    server: smsc,
    credentials: whole,
    arrived,
    onStore: () => Promise.resolve(),
    from: OWN_NUMBER,
    recipient: (n) => `+1312555${String(2_000 + n).padStart(4, '0')}`,
    session() {
      const session = [...smsc.sessions].find((each) => each.receives);
      if (session === undefined) throw new Error('No session receives');
      return session;
    },
    async [Symbol.asyncDispose]() {
      await connection[Symbol.asyncDispose]();
      await smsc.close();
    },
  };
  return subject;
}
