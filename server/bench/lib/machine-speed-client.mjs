/* The other thread of machine-speed.ts: keeps its connections busy with one request each. */
import { connect } from 'node:net';
import { workerData } from 'node:worker_threads';

const { port, request, connections } = workerData;
for (let count = 0; count < connections; count++) {
  const socket = connect({ port, host: '127.0.0.1', noDelay: true }, () => socket.write(request));
  socket.on('data', () => socket.write(request));
  socket.on('error', () => {});
}
