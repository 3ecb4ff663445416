import { encodePoolReport, subjects } from '@kvasir/contract';
import type { EndpointName, PoolLoadReport, WorkerRecord } from '@kvasir/contract';
import type { EventPlane } from '@kvasir/event-plane';
import type { Scheduler } from '@kvasir/scheduler';
import type { CancelTimer, Clock } from '@kvasir/service';
import type { RouterId } from '@kvasir/units';
import type { EngineLoads } from '../load-view/engine-loads.js';
import { areSaturated } from '../targets/full-workers.js';

/** How often a router tells routers of pools how its pool is while nothing changes. */
export const POOL_REPORT_MS = 500;
/** How often it does while its load changes: routers of pools do not see each other's choices before. */
export const POOL_REPORT_CHANGED_MS = 100;

/** What a router says of its pool. */
export function poolReport(of: {
  readonly routerId: RouterId;
  readonly poolRequestsMax?: number | undefined;
  readonly scheduler: Scheduler | null;
  /** Workers that take new work. */
  readonly usable: readonly WorkerRecord[];
  readonly engineLoads: EngineLoads | null;
}): PoolLoadReport {
  const { scheduler, usable, engineLoads } = of;
  const waiting = scheduler?.waitingCount ?? 0;
  return {
    routerId: of.routerId,
    requestsActive: (scheduler?.bookingCount ?? 0) + waiting,
    requestsMax: of.poolRequestsMax ?? null,
    workersReady: usable.length,
    // Whoever came now would wait too.
    isSaturated: waiting > 0 || (engineLoads !== null && areSaturated(usable, engineLoads)),
  };
}

/** Publishes what a router says of its pool, for as long as it is open. */
export class PoolReports {
  readonly #cancel: CancelTimer;

  constructor(parts: {
    readonly plane: EventPlane;
    readonly clock: Clock;
    readonly endpoint: EndpointName;
    readonly report: () => PoolLoadReport;
  }) {
    const { plane, clock, endpoint, report } = parts;
    const subject = subjects.poolReports(endpoint);
    let told: Buffer | null = null;
    let toldMs = -Infinity;
    this.#cancel = clock.every(POOL_REPORT_CHANGED_MS, () => {
      if (plane.health().kind !== 'connected') return;
      const payload = Buffer.from(encodePoolReport(report()));
      const nowMs = clock.nowMs();
      if (told?.equals(payload) === true && nowMs - toldMs < POOL_REPORT_MS) return;
      [told, toldMs] = [payload, nowMs];
      plane.publish(subject, payload);
    });
  }

  close(): void {
    this.#cancel();
  }
}
