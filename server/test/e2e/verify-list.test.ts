import { expect, test } from 'vitest';
import { makeDataFolder } from '../../../cli/test/helpers/run-cli.ts';
import { startTwin, type TwinType } from '../../src/carriers/index.ts';
import { findFreePort } from '../helpers/free-port.ts';
import { startServer, useDatabase } from '../helpers/server-process.ts';
import { createTestDatabase } from '../helpers/test-database.ts';
import { until } from '../helpers/until.ts';

const KEY = 'trk_of_a_list_to_verify';
const NUMBER = '+18445550111';
const OWN_PHONE = '+13125550142';

/** Where the customer lets the carrier call, below the public address. */
const CALLBACKS: readonly (readonly [type: TwinType, path: (accountId: string) => string])[] = [
  ['twilio', (id) => `twilio?account=${id}`],
  ['infobip', (id) => `infobip/twin-callback-secret?account=${id}`],
  ['cm', (id) => `cm/cm-twin-secret?account=${id}`],
  ['telnyx', (id) => `telnyx?account=${id}`],
  ['http', (id) => `http/http-twin-secret?account=${id}`],
  ['smpp', () => ''],
];

test.each(CALLBACKS)(
  "a list with the account's own %s sends once it is verified step by step",
  async (type, pathOf) => {
    await using database = await createTestDatabase();
    await using folder = await makeDataFolder();
    await using twin = await startTwin(type);
    const port = await findFreePort();
    await using server = await startServer({
      ...useDatabase(database),
      TRACKLY_DATA_DIR: folder.path,
      TRACKLY_API_KEY: KEY,
      PORT: String(port),
      TRACKLY_PUBLIC_URL: `http://127.0.0.1:${port}`,
    });
    const call = async (path: string, body?: object) => {
      const answer = await fetch(`${server.url}/api/v2${path}`, {
        method: body === undefined ? 'GET' : 'POST',
        headers: { 'X-Api-Key': KEY, 'Content-Type': 'application/json' },
        ...(body === undefined ? {} : { body: JSON.stringify(body) }),
      });
      return { status: answer.status, json: (await answer.json()) as Record<string, unknown> };
    };
    const { json: me } = await call('/whoami');
    twin.setCallbackUrl(`${server.url}/api/webhook-feedbacks/${pathOf((me['account'] as { id: string }).id)}`);

    const list = { phone_number: NUMBER, list_type: type, list_name: 'Own', credentials: twin.credentials };
    const made = await call('/lists', list);
    expect(made).toMatchObject({ status: 201, json: { is_byoc: true, verified: false } });
    const send = () => call('/send', { to: OWN_PHONE, list_number: NUMBER, body: 'Hello' });
    const verify = (step: string) => call(`/lists/${String(made.json['id'])}/verify`, { step, to: OWN_PHONE });
    expect(await send()).toMatchObject({ status: 400, json: { code: 'webhook_not_configured' } });

    expect(await verify('send')).toMatchObject({ status: 409, json: { code: 'step_out_of_order' } });
    // A bind may take a moment.
    await until('the carrier knows us', async () => (await verify('credentials')).json['passed'] === true, 20_000);
    expect(await verify('send')).toMatchObject({ json: { passed: true, verified: false, next_step: 'webhook' } });
    expect([...twin.books.all()].map(({ to }) => to)).toEqual([OWN_PHONE]);
    expect(await verify('webhook')).toMatchObject({ json: { passed: false, verified: false, detail: null } });
    await twin.receive({ from: OWN_PHONE, to: NUMBER, body: 'Here I am' });
    await until('the reply is there', async () => (await verify('webhook')).json['passed'] === true, 20_000);
    expect((await call(`/lists/${String(made.json['id'])}`)).json).toMatchObject({ verified: true });

    const sent = await send();
    expect(sent.status).toBe(201);
    await until(
      'it is delivered',
      async () => (await call(`/messages/${String(sent.json['message_id'])}`)).json['state'] === 'delivered',
      30_000,
    );
    expect(await server.stop()).toMatchObject({ code: 0, stderr: '' });
  },
);
