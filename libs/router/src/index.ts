export { RouterError, routerErrors } from './errors.js';
export type { RouterErrorCode } from './errors.js';
export { KvRouter, RECOVERY_WAIT_MS } from './kv-router.js';
export type { DumpedChain, KvRouterOptions } from './kv-router.js';
export type { Prompt, RouteDecision, RouteOutcome, RouteRequest } from './route-messages.js';
export { SET_ASIDE_LIMITS, SetAside } from './set-aside.js';
export type { SetAsideLimits } from './set-aside.js';
export { POOL_REPORT_MS } from './pool-reports.js';
export type { DurableParts } from './durable-index.js';
