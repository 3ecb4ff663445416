export { BlockSets } from './block-sets.js';
export { eventPlaneContract } from './event-plane-contract.js';
export { FaultyEventPlane } from './faulty-event-plane.js';
export type { FaultRates } from './faulty-event-plane.js';
export type { EventPlaneHarness } from './harness.js';
export { RandomEngine } from './random-engine.js';
export { blockIds, blockWords } from './block-tree.js';
