export { Attempts, SUSPECT_WORKERS_MAX } from './attempts.js';
export type { FailedAttempt } from './attempts.js';
export { statusOfError, UNNAMED_ERROR_STATUS } from './error-status.js';
export { HEALTH_OPTIONS_DEFAULT } from './health-options.js';
export type { HealthOptions } from './health-options.js';
export type { HealthEffect, Leg, LegEnd, SetAsideReason } from './messages.js';
export { outcomeOfStatus, outcomes } from './outcomes.js';
export type { OutcomeCode, WorkerOutcome } from './outcomes.js';
export { PoolHealth } from './pool-health.js';
