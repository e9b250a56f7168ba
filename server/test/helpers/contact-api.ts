import {
  bindContactVerbs,
  type ContactVerbs,
  createWithdraw,
  createWithdrawals,
  type Withdrawals,
} from '../../src/contacts/index.ts';
import { simulatedLookup, validatePhone, validatePhoneBatch } from '../../src/phone/index.ts';
import { createOutbox, type WebhookEvent } from '../../src/webhooks/index.ts';
import { createHttpFixture, type HttpFixture } from './http-fixture.ts';
import { API_KEY, createInstallation, type Installation } from './message-fixture.ts';

/** The API of contacts over a database, with what it tells webhooks. */
export interface ContactApi extends AsyncDisposable {
  readonly installation: Installation;
  readonly http: HttpFixture;
  readonly verbs: ContactVerbs;
  readonly withdrawals: Withdrawals;
  /** What webhooks were told, newest last. */
  readonly told: WebhookEvent[];
  call(method: Method, path: string, body?: unknown, headers?: Record<string, string>): Promise<ApiReply>;
}

export type Method = 'GET' | 'POST' | 'PUT' | 'PATCH' | 'DELETE';

export interface ApiReply {
  readonly status: number;
  // oxlint-disable-next-line typescript/no-explicit-any -- tests look into answers of many forms
  readonly json: any;
}

export async function createContactApi(): Promise<ContactApi> {
  const installation = await createInstallation();
  const { pool, directory } = installation;
  const { clock } = installation.deps;
  const told: WebhookEvent[] = [];
  const outbox = {
    ...createOutbox({ directory, clock }),
    emit: async (_transaction: unknown, _accountId: string, events: readonly WebhookEvent[]) =>
      void told.push(...events),
  };
  const withdrawals = createWithdrawals();
  const withdraw = createWithdraw(withdrawals);
  const looking = { pool, directory, clock, outbox, withdraw, lookup: simulatedLookup };
  const verbs = bindContactVerbs(looking);
  const plain = createHttpFixture();
  const http = createHttpFixture({
    pool,
    directory,
    clock,
    verbs: {
      ...plain.deps.verbs,
      contacts: verbs,
      validatePhone: (caller, input) => validatePhone(looking, caller, input),
      validatePhoneBatch: (caller, input) => validatePhoneBatch(looking, caller, input),
    },
  });
  return {
    installation,
    http,
    verbs,
    withdrawals,
    told,
    async call(method, path, body, headers = {}) {
      const response = await http.app.inject({
        method,
        url: path,
        headers: {
          'x-api-key': API_KEY,
          ...(body === undefined ? {} : { 'content-type': 'application/json' }),
          ...headers,
        },
        ...(body === undefined ? {} : { payload: typeof body === 'string' ? body : JSON.stringify(body) }),
      });
      return { status: response.statusCode, json: JSON.parse(response.body) };
    },
    async [Symbol.asyncDispose]() {
      await plain[Symbol.asyncDispose]();
      await http[Symbol.asyncDispose]();
      await installation[Symbol.asyncDispose]();
    },
  };
}
