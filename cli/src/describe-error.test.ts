import { createServer } from 'node:net';
import { expect, test } from 'vitest';
import { describeError } from './describe-error.ts';

test('a busy port is named with a way out', async () => {
  const first = createServer();
  await new Promise<void>((resolve) => first.listen(0, '127.0.0.1', resolve));
  const { port } = first.address() as { port: number };
  const error = await new Promise((resolve) => createServer().once('error', resolve).listen(port, '127.0.0.1'));
  await new Promise((resolve) => first.close(resolve));
  expect(describeError(error)).toBe(
    `Port ${port} on 127.0.0.1 is in use: stop what listens there or choose another with --port or PORT.`,
  );
});

test('a host with several addresses that all refuse is one sentence', () => {
  const refused = Object.assign(new Error('connect ECONNREFUSED ::1:5432'), { code: 'ECONNREFUSED' });
  expect(describeError(new AggregateError([refused, refused]))).toBe(
    'The database cannot be reached (ECONNREFUSED): check DATABASE_URL and that it runs.',
  );
});

test('a server without an answer and a refusal of the API are told apart', () => {
  const cause = new Error('connect ECONNREFUSED 127.0.0.1:1');
  expect(describeError(new TypeError('fetch failed', { cause }))).toBe(
    'The server cannot be reached (connect ECONNREFUSED 127.0.0.1:1): check --url and that it runs.',
  );
  const refusal = Object.assign(new Error('Invalid API key'), {
    name: 'TracklyError',
    code: 'invalid_api_key',
    requestId: 'r1',
  });
  expect(describeError(refusal)).toBe('Invalid API key (invalid_api_key, request r1)');
});

test('everything else says what it says', () => {
  expect(describeError(new Error('There is no list 7'))).toBe('There is no list 7');
  expect(describeError('odd')).toBe('odd');
});
