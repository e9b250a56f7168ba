/*
 * A receiver of webhooks in a process of its own. Answers 204 at once, or never for hosts that begin with `hang`.
 * `GET /` tells what arrived since the last `GET /`: how many, and how long after the time in the body.
 */
import { createServer } from 'node:http';
import { percentile } from './report.ts';

let latenciesMs: number[] = [];
let hanging = 0;
const server = createServer((request, response) => {
  if (request.method === 'GET') {
    const figures = { count: latenciesMs.length, hanging, p50Ms: percentile(latenciesMs, 0.5) };
    response.end(JSON.stringify({ ...figures, p99Ms: percentile(latenciesMs, 0.99) }));
    latenciesMs = [];
    return;
  }
  let body = '';
  request.setEncoding('utf8').on('data', (chunk: string) => (body += chunk));
  request.on('end', () => {
    if (request.headers.host?.startsWith('hang') === true) {
      hanging++;
      return;
    }
    const at = /"timestamp":"([^"]+)"/.exec(body)?.[1] ?? '';
    latenciesMs.push(Date.now() - Date.parse(at));
    response.writeHead(204).end();
  });
});
server.keepAliveTimeout = 60_000;
server.listen(0, '127.0.0.1', 4_096, () => {
  const address = server.address();
  process.stdout.write(`${JSON.stringify({ port: typeof address === 'object' ? address?.port : 0 })}\n`);
});
