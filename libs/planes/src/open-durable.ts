import { randomUUID } from 'node:crypto';
import { subjects } from '@kvasir/contract';
import type { EndpointName } from '@kvasir/contract';
import type { EventLog } from '@kvasir/event-plane';
import { connectRedisSnapshotStore } from '@kvasir/index-snapshot';
import type { SnapshotStore } from '@kvasir/index-snapshot';
import { redisOptions } from './open-planes.js';
import type { Planes } from './open-planes.js';
import type { PlaneValues, RouterStateValues } from './plane-options.js';

/** What keeps the index of one endpoint over restarts. */
export interface Durable {
  readonly log: EventLog;
  readonly snapshots: SnapshotStore;
  readonly snapshotThresholdMessages: number;
  readonly resetsStates: boolean;
}

/**
 * A function that opens the event log and the snapshots of an endpoint, on a Redis connection of its own: chunks of a snapshot must not delay
 * leases. Undefined when events are not to be kept.
 */
export function durableOpener(
  planes: Planes,
  values: PlaneValues & RouterStateValues,
): ((endpoint: EndpointName) => Promise<Durable>) | undefined {
  if (!values.durableKvEvents) return undefined;
  return async (endpoint) => ({
    log: await planes.eventPlane.openLog(subjects.kvEventLog(endpoint), subjects.kvEventsOfAll(endpoint)),
    snapshots: await connectRedisSnapshotStore(redisOptions(values), {
      newId: randomUUID,
      trust: planes.trust,
    }),
    snapshotThresholdMessages: values.routerSnapshotThreshold,
    resetsStates: values.routerResetStates,
  });
}
