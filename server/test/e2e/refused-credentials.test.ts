import { writeFile } from 'node:fs/promises';
import { join } from 'node:path';
import { expect, test } from 'vitest';
import { makeDataFolder, readJson, runCli } from '../../../cli/test/helpers/run-cli.ts';
import { startTwin } from '../../src/carriers/index.ts';
import { MESSAGE_STATES } from '../../src/pipeline/message-state.ts';
import { startServer, useDatabase } from '../helpers/server-process.ts';
import { createTestDatabase } from '../helpers/test-database.ts';
import { until } from '../helpers/until.ts';

const KEY = 'trk_of_refused_credentials';
const NUMBER = '+18445550111';
const COUNT = 200;

test('a carrier that refuses the credentials stops the list and the owner is told; mended, every message goes once', async () => {
  await using database = await createTestDatabase();
  await using folder = await makeDataFolder();
  await using stranger = await startTwin('twilio', { behaviours: ['bad-credentials'] });
  await using twin = await startTwin('twilio', { behaviours: ['no-receipts'] });
  const env = { ...useDatabase(database), TRACKLY_DATA_DIR: folder.path, TRACKLY_API_KEY: KEY };
  await using server = await startServer(env);
  const headers = { 'X-Api-Key': KEY, 'Content-Type': 'application/json' };
  const file = join(folder.path, 'credentials.json');
  const enter = async (credentials: object, ...command: string[]): Promise<number> => {
    await writeFile(file, JSON.stringify(credentials));
    return (await readJson<{ id: number }>(['lists', ...command, '--credentials-file', file], env)).id;
  };
  const id = await enter(stranger.credentials, 'create', '--number', NUMBER, '--type', 'twilio');
  const readHealth = async (): Promise<unknown> =>
    ((await (await fetch(`${server.url}/api/v2/lists/${id}`, { headers })).json()) as { carrier_health: unknown })
      .carrier_health;
  const messages = Array.from({ length: COUNT }, (_, no) => ({ to: `+1312555${2_000 + no}`, body: `No. ${no}` }));
  const body = JSON.stringify({
    list_number: NUMBER,
    messages: messages.map((it) => ({ ...it, list_number: NUMBER })),
  });
  const sent = await fetch(`${server.url}/api/v2/send-raw/bulk`, { method: 'POST', headers, body });
  expect(sent.status).toBe(201);

  await until('the list is down', async () => {
    const health = (await readHealth()) as { state?: string; in_flight?: number };
    return health.state === 'down' && health.in_flight === 0;
  });
  expect(await readHealth()).toMatchObject({
    last_success_at: null,
    last_error: { detail: 'REJECTED_CREDENTIALS', code: '20003' },
  });
  const metrics = await (await fetch(`${server.url}/metrics`)).text();
  expect(metrics).toMatch(new RegExp(`^trackly_carrier_up\\{list="${id}",carrier="twilio"\\} 0$`, 'm'));
  expect(metrics).toMatch(new RegExp(`^trackly_credentials_refused_total\\{list="${id}"\\} [1-9]`, 'm'));
  const doctor = await runCli(['doctor'], env);
  expect(doctor.code).toBe(1);
  expect(`${doctor.stdout}${doctor.stderr}`).toContain('the carrier does not know us by these credentials');

  await enter(twin.credentials, 'set', String(id));
  const read = async (): Promise<number> => {
    const { rows } = await database.pool.query<{ count: number }>(
      'select count(*)::int as count from message where state = $1',
      [MESSAGE_STATES.sent],
    );
    return rows[0]?.count ?? 0;
  };
  await until('all are sent', async () => (await read()) === COUNT, 50_000);
  expect({ messages: twin.books.messages, doubles: twin.books.doubles }).toEqual({ messages: COUNT, doubles: 0 });
  await until('the list is up', async () => ((await readHealth()) as { state?: string }).state === 'up');
  const { stdout, stderr } = await server.stop();
  const told = `${stdout}${stderr}`.split('\n').filter((line) => line.includes('refuses the credentials'));
  expect(told).toHaveLength(1);
  expect(told[0]).toContain(`"listId":${id}`);
}, 150_000);
