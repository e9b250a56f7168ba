import { readFileSync } from 'node:fs';
import { fileURLToPath } from 'node:url';

/** Where a file of test/fixtures/tls lies. */
export function tlsPath(name: string): string {
  return fileURLToPath(new URL(`../fixtures/tls/${name}`, import.meta.url));
}

const read = (name: string): string => readFileSync(tlsPath(name), 'utf8');

/** An authority of our own, and what it vouches for: a receiver at `hooks.example.net` and `localhost`. */
export const AUTHORITY = read('ca-cert.pem');
const key = read('receiver-key.pem');
export const RECEIVER_TLS = { key, cert: read('receiver-cert.pem') };
export const EXPIRED_TLS = { key, cert: read('expired-cert.pem') };
