import { seal, unseal } from '../lib/sealed.ts';
import type { DataKey } from '../store/installation-store.ts';

/** Seals a text for one place, as `KEYVERSION.BASE64`: it opens nowhere else. */
export function sealText({ version, key }: DataKey, text: string, place: string): string {
  return `${version}.${seal(key, Buffer.from(text), place).toString('base64')}`;
}

/** undefined: it was sealed for another place, with a key that is not among these, or was changed. */
export function openText(keys: readonly DataKey[], sealed: string, place: string): string | undefined {
  const [, version, bytes] = /^([0-9]{1,9})\.([A-Za-z0-9+/=]+)$/.exec(sealed) ?? [];
  const key = keys.find((candidate) => candidate.version === Number(version))?.key;
  if (key === undefined || bytes === undefined) return undefined;
  return unseal(key, Buffer.from(bytes, 'base64'), place)?.toString();
}

/** Whether it was sealed with an older key. */
export function isTextSealedBefore(version: number, sealed: string): boolean {
  return Number.parseInt(sealed, 10) !== version;
}
