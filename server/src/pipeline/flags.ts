/** Bits of `message.flags`. */
export const FLAGS = {
  wrap_links: 1,
  skip_affixes: 2,
  skip_duplicate_check: 4,
  skip_rate_limit: 8,
  skip_contact_validation: 16,
  skip_journey_check: 32,
  simulated: 64,
  imported: 128,
} as const;

export type Flag = keyof typeof FLAGS;

/** The flags of `POST /send-raw` that switch a check off, in the order of the contract. */
export const SKIP_FLAGS = [
  'skip_duplicate_check',
  'skip_rate_limit',
  'skip_contact_validation',
  'skip_journey_check',
] as const satisfies readonly Flag[];

export function hasFlag(flags: number, flag: Flag): boolean {
  return (flags & FLAGS[flag]) !== 0;
}
