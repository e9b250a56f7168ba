/*
 * `npm start`: prepares the clone and runs `trackly up` in this process, so that signals reach the server itself (npm
 * passes them to the process that it started, which is why the script in package.json begins with `exec`).
 * Arguments go to the command: `npm start -- --port 9000`.
 */
import { main, prepare } from './setup.mjs';

await main(async () => {
  await prepare();
  const { run } = await import('../cli/dist/main.js');
  return run(['up', ...process.argv.slice(2)]);
});
