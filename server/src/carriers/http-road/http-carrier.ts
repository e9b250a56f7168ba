import type { HttpRoads } from './http-road.ts';

/** What a carrier that is reached over HTTP needs of the installation. */
export interface HttpCarrierDeps {
  readonly roads: HttpRoads;
  /** Where carriers reach us, without a trailing slash. */
  readonly publicUrl: string;
}
