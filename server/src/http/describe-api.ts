import type { Directory } from '../accounts/index.ts';
import { ERRORS, type ErrorCode } from '../lib/errors.ts';
import type { IdCodec } from '../lib/public-id.ts';
import type { AnswerCover } from '../secrets/index.ts';
import { createPool } from '../store/pool.ts';
import type { HttpDeps, HttpVerbs } from './http-deps.ts';
import { createHttpServer } from './server.ts';

/** `openapi.json` as the server gives it, with nothing behind the server: no engine is started. */
export async function describeApi(): Promise<Record<string, unknown>> {
  const app = createHttpServer(createInertDeps());
  await app.ready();
  const description = app.swagger() as unknown as Record<string, unknown>;
  await app.close();
  return description;
}

/** Routes only name what they need; describing them calls none of it. */
function createInertDeps(): HttpDeps {
  const inert = new Proxy({}, { get: () => neverCalled });
  return {
    config: { publicUrl: 'http://127.0.0.1:8080', corsOrigins: [] },
    directory: inert as Directory,
    accept: { accept: neverCalled, acceptRows: neverCalled, acceptWithin: neverCalled },
    idCodec: inert as IdCodec,
    pool: createPool({}, { name: 'never connected', max: 1 }),
    clock: neverCalled,
    cover: inert as AnswerCover,
    verbs: inert as HttpVerbs,
    optInPages: { page: neverCalled, submit: neverCalled, follow: neverCalled, qrCode: neverCalled },
    callbacks: { serves: neverCalled, receive: neverCalled },
    metricsText: neverCalled,
    isReady: neverCalled,
    reportError: neverCalled,
  };
}

function neverCalled(): never {
  throw new Error('Describing the API runs nothing');
}

/** `docs/errors.md`: the catalogue of errors as a table. */
export function describeErrors(): string {
  const rows = (Object.keys(ERRORS) as ErrorCode[]).map(
    (code) =>
      `| \`${code}\` | ${ERRORS[code].status} | ${ERRORS[code].retryable ? 'yes' : 'no'} | ${ERRORS[code].text} |`,
  );
  return `# Errors

Every error is a flat JSON object: \`error\` is text for people and may change, \`code\` is stable, \`message\` sometimes tells
more. This table is generated from \`server/src/lib/errors.ts\`. *Repeat* tells whether the same request can succeed later;
the endpoints that answer a code are in \`openapi.json\`. Version 1 of the API answers \`list_not_found\` with 404 and
\`too_many_messages\` with 400.

| code | HTTP | repeat | text |
| --- | ---: | --- | --- |
${rows.join('\n')}
`;
}
