export { assertNever } from './assert-never.js';
export { incarnation, requestId, routerId, workerId } from './ids.js';
export type { Incarnation, RequestId, RouterId, WorkerId } from './ids.js';
export { seededPrng } from './prng.js';
export type { Prng } from './prng.js';
