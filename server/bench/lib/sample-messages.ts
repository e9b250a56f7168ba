export const LIST_NUMBER = '+18005551000';

/** The simulator's ordinary behaviour: the last four digits are not those of a special handset (0150 to 0169). */
export function samplePhone(index: number): string {
  const line = 1_000 + (index % 9_000);
  const rest = Math.floor(index / 9_000);
  return `+1${200 + (Math.floor(rest / 700) % 700)}${200 + (rest % 700)}${line}`;
}

/** About 100 characters, GSM-7, one part, different for each index. */
export function sampleBody(index: number): string {
  return `Hi Zoe, order ${1_000_000 + index} is ready at Harbor Street 12. Show this text at the desk by 6 pm. Thanks, Demo`;
}

/** The body of a bulk request with messages `first` .. `first + count - 1`, each with the fields of `more`. */
export function sampleBulk(first: number, count: number, more: Readonly<Record<string, unknown>> = {}): string {
  const messages = Array.from({ length: count }, (_, place) => ({
    to: samplePhone(first + place),
    body: sampleBody(first + place),
    ...more,
  }));
  return JSON.stringify({ list_number: LIST_NUMBER, messages });
}

export function sampleSend(index: number): string {
  return JSON.stringify({ to: samplePhone(index), list_number: LIST_NUMBER, body: sampleBody(index) });
}
