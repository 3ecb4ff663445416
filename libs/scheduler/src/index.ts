export { schedulerRejections } from './messages.js';
export type {
  Decision,
  OverlapScore,
  PotentialLoad,
  RejectionCode,
  RouteConstraints,
  RouteInput,
  RouteOverrides,
  SchedulerEffect,
  SchedulerInput,
  TargetLoad,
} from './messages.js';
export { SCHEDULER_OPTIONS_DEFAULT } from './options.js';
export type { QueueOptions, RouterMode, SchedulerOptions } from './options.js';
export { Scheduler } from './scheduler.js';
export type { Target, TargetSpec } from './targets/target-table.js';
