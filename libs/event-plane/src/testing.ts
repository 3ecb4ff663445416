export { eventPlaneContract } from './event-plane-contract.js';
export type { EventPlaneHarness } from './event-plane-contract.js';
export { FaultyEventPlane } from './faulty-event-plane.js';
export type { FaultRates } from './faulty-event-plane.js';
