import type { EndpointName, WorkerRecord } from '@kvasir/contract';
import type { EventPlane } from '@kvasir/event-plane';
import type { Registry } from '@kvasir/registry';
import type { SchedulerOptions } from '@kvasir/scheduler';
import type { Clock, Logger, Metrics } from '@kvasir/service';
import type { Prng, RouterId } from '@kvasir/units';
import type { HealthOptions } from '@kvasir/worker-health';
import type { DurableParts } from './cache-view/durable-index.js';

/** What a router is built from. */
export interface KvRouterOptions {
  readonly endpoint: EndpointName;
  readonly routerId: RouterId;
  /** Null learns it from the first worker. */
  readonly blockSize: number | null;
  readonly scheduler: Omit<SchedulerOptions, 'blockSize'>;
  /** Shares bookings with the other routers of the pool. */
  readonly syncsReplicas?: boolean | undefined;
  /** Part of an engine's KV cache in use, 0 to 1, from which on it is passed over while others are below; by default none is. */
  readonly kvUsageMax?: number | undefined;
  /** Requests that the pool can take at once, for routers of pools; by default nobody knows. */
  readonly poolRequestsMax?: number | undefined;
  /** Opens what keeps the index over restarts; without it every start asks the agents. */
  readonly openDurable?: ((endpoint: EndpointName) => Promise<DurableParts>) | undefined;
  readonly registry: Registry;
  readonly eventPlane: EventPlane;
  readonly clock: Clock;
  readonly prng: Prng;
  readonly logger: Logger;
  readonly metrics: Metrics;
  /** When workers count as faulty; by default `HEALTH_OPTIONS_DEFAULT`. */
  readonly health?: HealthOptions | undefined;
  /** Tries a worker that is not trusted, with a short generation; without it time alone brings the worker back. */
  readonly probe?: ((worker: WorkerRecord) => Promise<boolean>) | undefined;
}
