/*
 * A peer that costs as little as it can, so that the client is what is measured: answers every request on plain sockets
 * with what Twilio, Telnyx or another carrier answers by its path, each with an id of its own. Prints where it listens.
 */
import { createServer } from 'node:net';

const HEAD_END = Buffer.from('\r\n\r\n');
const LENGTH = Buffer.from('content-length: ');

let made = 0;

const TWILIO = Buffer.from('POST /2010-04-01/');
const TELNYX = Buffer.from('POST /v2/');

function toAnswer(request: Buffer): string {
  const body = toBody(request, String(++made).padStart(32, '0'));
  return `HTTP/1.1 201 Created\r\ncontent-type: application/json\r\ncontent-length: ${body.length}\r\n\r\n${body}`;
}

function toBody(request: Buffer, id: string): string {
  if (request.indexOf(TWILIO) === 0) {
    return (
      `{"account_sid":"AC00000000000000000000000000000001","api_version":"2010-04-01","body":"Hello","date_created":` +
      `"Mon, 02 Nov 2026 17:04:20 +0000","direction":"outbound-api","error_code":null,"error_message":null,"num_media":` +
      `"0","num_segments":"1","price":null,"price_unit":"USD","sid":"SM${id}","status":"queued"}`
    );
  }
  if (request.indexOf(TELNYX) === 0) {
    return (
      `{"data":{"record_type":"message","direction":"outbound","id":"${id}","type":"SMS","from":{"phone_number":` +
      `"+18445550111","carrier":"","line_type":""},"to":[{"phone_number":"+13125550142","status":"queued","carrier":"",` +
      `"line_type":"Wireless"}],"text":"Hello","parts":1,"encoding":"GSM-7","errors":[]}}`
    );
  }
  return `{"id":"${id}","status":"accepted"}`;
}

const server = createServer({ noDelay: true }, (socket) => {
  let rest: Buffer | null = null;
  socket.on('error', () => {});
  socket.on('data', (chunk: Buffer) => {
    let bytes = rest === null ? chunk : Buffer.concat([rest, chunk]);
    for (let end = bytes.indexOf(HEAD_END); end !== -1; end = bytes.indexOf(HEAD_END)) {
      const at = bytes.indexOf(LENGTH);
      const size = at === -1 || at > end ? 0 : Number.parseInt(bytes.toString('latin1', at + LENGTH.length, end), 10);
      const total = end + HEAD_END.length + size;
      if (bytes.length < total) break;
      socket.write(toAnswer(bytes));
      bytes = bytes.subarray(total);
    }
    rest = bytes.length === 0 ? null : bytes;
  });
});
server.listen(0, '127.0.0.1', () => {
  const address = server.address();
  const port = typeof address === 'object' ? address?.port : undefined;
  process.stdout.write(`${JSON.stringify({ url: `http://127.0.0.1:${port}` })}\n`);
});
process.once('SIGTERM', () => process.exit(0));
