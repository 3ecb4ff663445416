export { eventPlaneErrors, EventPlaneError } from './errors.js';
export type { EventPlaneErrorCode } from './errors.js';
export { EVENT_LOG_LIMITS } from './event-log.js';
export type { EventLog, EventLogLimits, LogMessage, LogState } from './event-log.js';
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
export type { CursorCounts, CursorPhase, CursorState } from './kv-cursor.js';
export { KvEventPublisher } from './kv-event-publisher.js';
export type { KvEventPublisherOptions, KvPublisherCounts } from './kv-event-publisher.js';
export type { KvEventSink } from './kv-event-sink.js';
export { KvEventSubscriber } from './kv-event-subscriber.js';
export type { FollowedWorker, KvEventSubscriberOptions, KvSubscriberCounts } from './kv-event-subscriber.js';
export { KV_SUBSCRIBER_LIMITS } from './rank-follower.js';
export type { KvSubscriberLimits, KvSubscriberTrouble } from './rank-follower.js';
export { KV_PUBLISHER_LIMITS } from './rank-publisher.js';
export type { KvPublisherLimits, RemovedOutcome, StoredOutcome } from './rank-publisher.js';
export { connectNatsEventPlane, NatsEventPlane } from './nats-event-plane.js';
export type { NatsEventPlaneOptions } from './nats-event-plane.js';
export type { NatsOptions } from './nats-connection.js';
export { SealedEventPlane } from './sealed-event-plane.js';
export type { LoggedEventPlane, MessageFault, SealedEventPlaneOptions } from './sealed-event-plane.js';
export type { Snapshot } from './recovery-answer.js';
