export type { Accept, AcceptItem } from './accept-types.ts';
export { LANES, SOURCES } from './batch.ts';
export { createConnections, type Connections } from './connections.ts';
export { createGate, createPipeline, type Pipeline } from './pipeline.ts';
export { preflight, type PreflightAnswer } from './preflight.ts';
export { createAcceptStage } from './stages/accept-stage.ts';
export { createApplyStage, encodeEvents } from './stages/apply-stage.ts';
export { createLandStage, landAndTell, landWithin } from './stages/land-stage.ts';
export { recoverSubmissions, settleDoubts } from './stages/settle-stage.ts';
