import { Writable } from 'node:stream';
import { pino } from 'pino';
import { expect, test } from 'vitest';
import { createErrorReporter } from './error-reporter.ts';

test('the same failure is logged once in a while, another one at once', () => {
  const lines: string[] = [];
  const sink = new Writable({
    write(chunk: Buffer, _encoding, done) {
      lines.push(chunk.toString());
      done();
    },
  });
  const report = createErrorReporter(pino(sink));
  for (let i = 0; i < 50; i++) report(new Error('the database is away'));
  report(new Error('the disk is full'));
  expect(lines.map((line) => (JSON.parse(line) as { err: { message: string } }).err.message)).toEqual([
    'the database is away',
    'the disk is full',
  ]);
});
