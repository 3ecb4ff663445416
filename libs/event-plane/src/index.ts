export { EVENT_PLANE_ERRORS, EventPlaneError } from './errors.js';
export type { EventPlaneErrorCode } from './errors.js';
export { EVENT_PLANE_LIMITS } from './event-plane.js';
export type {
  EventPlane,
  EventPlaneLimits,
  PlaneHealth,
  PlaneMessage,
  PlaneTrouble,
  Serving,
  Subscription,
} from './event-plane.js';
export { InProcessEventPlane } from './in-process-event-plane.js';
export type { InProcessEventPlaneOptions } from './in-process-event-plane.js';
