import { spawn } from 'node:child_process';
import { join } from 'node:path';
import { pathToFileURL } from 'node:url';
import { ROOT } from '../setup.mjs';

export const BENCHES = join(ROOT, 'server/bench');
const LOADERS = ['tsx', pathToFileURL(join(BENCHES, 'lib/use-built.mjs')).href];
/** A benchmark that takes longer hangs. */
const LIMIT_MS = 10 * 60_000;

/**
 * Runs a program of server/bench.
 * @returns {Promise<Record<string, any> | null>} its last line, which is JSON; null when it ended without one
 */
export function runProgram(file, options = []) {
  const args = [...LOADERS.flatMap((loader) => ['--import', loader]), join(BENCHES, file), ...options];
  return new Promise((resolve, reject) => {
    const child = spawn(process.execPath, args, {
      cwd: ROOT,
      stdio: ['ignore', 'pipe', 'inherit'],
      timeout: LIMIT_MS,
    });
    let output = '';
    child.stdout.setEncoding('utf8').on('data', (chunk) => (output += chunk));
    child.once('error', reject);
    child.once('close', (code, signal) => {
      const line = output.trim().split('\n').at(-1) ?? '';
      if (code === 0 && line.startsWith('{')) return resolve(JSON.parse(line));
      console.error(`\n${file}: ended without a result (${signal ?? `exit code ${code}`})`);
      resolve(null);
    });
  });
}
