export type { CallOptions } from './call-options.ts';
export { type ClientOptions, createTracklyClient, type TracklyClient } from './client.ts';
export type * from './generated/types.ts';
export { TracklyError } from './trackly-error.ts';
