const LONGEST_NAME = 64;
/** Asking the runtime costs some 20 µs; there are a few hundred zones, in many spellings at the worst. */
const MAX_KNOWN = 2_000;
const known = new Map<string, boolean>();

/** True for an IANA zone name that this runtime knows (aliases too). Offsets such as `+02:00` are no names. */
export function isTimeZone(name: string): boolean {
  if (name.length > LONGEST_NAME || !/^[A-Za-z]/.test(name)) return false;
  const remembered = known.get(name);
  if (remembered !== undefined) return remembered;
  const isKnown = askRuntime(name);
  if (known.size < MAX_KNOWN) known.set(name, isKnown);
  return isKnown;
}

function askRuntime(name: string): boolean {
  try {
    return new Intl.DateTimeFormat('en-US', { timeZone: name }).resolvedOptions().timeZone !== '';
  } catch {
    return false;
  }
}
