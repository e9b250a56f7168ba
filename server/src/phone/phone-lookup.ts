/** What a provider knows of a number. */
export interface LookupResult {
  readonly valid: boolean;
  readonly lineType: 'mobile' | 'fixed line' | 'voip' | 'other' | 'unknown';
  /** Normalised name. */
  readonly carrier: string | null;
  /** As the source writes it. */
  readonly carrierRaw: string | null;
  readonly ported: boolean;
  /** ISO 3166-1 alpha-2. */
  readonly country: string | null;
  /** Name of the state. */
  readonly state: string | null;
  readonly city: string | null;
  /** On a do-not-call list that the provider knows. Absent: it knows none. */
  readonly onDnc?: boolean;
}

/** Asks somebody who knows more of a number than its digits tell. Rejects when no answer was had. */
export interface PhoneLookup {
  lookUp(phone: number): Promise<LookupResult>;
}
