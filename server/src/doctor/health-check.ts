/** What the doctor found out about one thing. */
export interface HealthCheck {
  readonly name: string;
  readonly ok: boolean;
  /** One sentence. */
  readonly text: string;
  /** What to do; null when all is well. */
  readonly advice: string | null;
  readonly details: Readonly<Record<string, unknown>>;
}

export function healthy(name: string, text: string, details: Readonly<Record<string, unknown>> = {}): HealthCheck {
  return { name, ok: true, text, advice: null, details };
}

export function unhealthy(
  name: string,
  text: string,
  advice: string,
  details: Readonly<Record<string, unknown>> = {},
): HealthCheck {
  return { name, ok: false, text, advice, details };
}
