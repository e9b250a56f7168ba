import { expect, test } from 'vitest';
import { compareWithBaseline, findViolations, listImports } from './borders.mjs';

function violationsOf(path: string, ...targets: string[]): string[] {
  return findViolations({ [path]: targets.map((target) => `import { x } from '${target}';`).join('\n') });
}

test.each<[string, string]>([
  ['server/src/app.ts', './http/server.ts'],
  ['server/src/main.ts', './app.ts'],
  ['server/src/app.ts', './app/build-parts.ts'],
  ['server/src/app/build-parts.ts', '../http/server.ts'],
  ['server/src/http/server.ts', '../messages/get-message.ts'],
  ['server/src/http/server.ts', '../carriers/carrier.ts'],
  ['server/src/http/routes/simulator/page.ts', '../../../carriers/simulator/receipts.ts'],
  ['server/src/pipeline/stages/land-stage.ts', '../../log/log.ts'],
  ['server/src/messages/get-message.ts', '../accounts/index.ts'],
  ['server/src/messages/get-message.ts', '../pipeline/batch.ts'],
  ['server/src/messages/get-message.ts', '../store/pool.ts'],
  ['server/src/carriers/twilio/submit.ts', '../carrier.ts'],
  ['server/src/carriers/twilio/submit.ts', './client.ts'],
  ['server/src/log/postgres-log.ts', '../store/pool.ts'],
  ['server/src/store/pool.ts', '../lib/clock.ts'],
  ['server/src/store/pool.ts', 'pg'],
  ['cli/src/main.ts', '@trackly/server/operator'],
  ['server/src/carriers/smpp/submit.ts', '@trackly/smpp'],
  ['packages/smpp/src/client/client.ts', '../session/session.ts'],
])('%s may import %s', (path, target) => {
  expect(violationsOf(path, target)).toEqual([]);
});

test.each<[string, string, string]>([
  ['server/src/http/server.ts', '../app.ts', 'server/src/app.ts'],
  ['server/src/http/server.ts', '../app/limits.ts', 'server/src/app/limits.ts'],
  ['server/src/app/build-parts.ts', '../app.ts', 'server/src/app.ts'],
  ['server/src/http/server.ts', '../log/lmdb-log.ts', 'server/src/log/lmdb-log.ts'],
  ['server/src/http/server.ts', '../carriers/simulator/receipts.ts', 'server/src/carriers/simulator/receipts.ts'],
  ['server/src/http/server.ts', '../config/load-config.ts', 'server/src/config/load-config.ts'],
  ['server/src/messages/get-message.ts', '../accounts/directory.ts', 'server/src/accounts/directory.ts'],
  ['server/src/messages/get-message.ts', '../http/server.ts', 'server/src/http/server.ts'],
  ['server/src/messages/get-message.ts', '../pipeline/pipeline.ts', 'server/src/pipeline/pipeline.ts'],
  ['server/src/messages/get-message.ts', '../carriers/carrier.ts', 'server/src/carriers/carrier.ts'],
  ['server/src/carriers/twilio/submit.ts', '../infobip/client.ts', 'server/src/carriers/infobip/client.ts'],
  ['server/src/carriers/twilio/submit.ts', '../../store/pool.ts', 'server/src/store/pool.ts'],
  ['server/src/store/pool.ts', '../log/log.ts', 'server/src/log/log.ts'],
  ['server/src/log/lmdb-log.ts', '../pipeline/batch.ts', 'server/src/pipeline/batch.ts'],
  ['server/src/lib/clock.ts', '../store/pool.ts', 'server/src/store/pool.ts'],
  ['server/src/lib/clock.ts', '../../../cli/src/main.ts', 'cli/src/main.ts'],
  ['cli/src/main.ts', '../../server/src/app.ts', 'server/src/app.ts'],
  ['cli/src/main.ts', '@trackly/server/app', '@trackly/server/app'],
  ['client/src/index.ts', '@trackly/server/operator', '@trackly/server/operator'],
  ['packages/smpp/src/client/client.ts', '../../../../server/src/lib/clock.ts', 'server/src/lib/clock.ts'],
])('%s may not import %s', (path, target, named) => {
  expect(violationsOf(path, target)).toEqual([`${path} -> ${named}`]);
});

test('every way to import is seen, and comments are not', () => {
  const code = `import a from './a.ts'; export * from "./b.ts"; await import('./c.ts'); import './d.ts';
    import {
      e,
    } from './e.ts';`;
  expect(listImports(code)).toEqual(['./a.ts', './b.ts', './c.ts', './d.ts', './e.ts']);
  const commented = `// import '../app.ts'\n/* import '../app.ts' */ const url = 'https://x';`;
  expect(findViolations({ 'server/src/lib/x.ts': commented })).toEqual([]);
});

test('the environment is read in config alone; tests may do as they like', () => {
  const text = 'const port = process.env.PORT;';
  expect(findViolations({ 'server/src/http/server.ts': text })).toEqual(['server/src/http/server.ts -> process.env']);
  expect(findViolations({ 'cli/src/main.ts': `process.env['PORT']` })).toEqual(['cli/src/main.ts -> process.env']);
  expect(findViolations({ 'server/src/config/env.ts': text, 'server/src/lib/x.test.ts': text })).toEqual([]);
});

test('the baseline may only shrink', () => {
  expect(compareWithBaseline(['a', 'b'], ['b', 'c'])).toEqual({ added: ['a'], gone: ['c'] });
});
