import { encodePoolReport, subjects } from '@kvasir/contract';
import type { EndpointName, PoolLoadReport } from '@kvasir/contract';
import type { EventPlane } from '@kvasir/event-plane';
import type { CancelTimer, Clock } from '@kvasir/service';

/** How often a router tells routers of pools how its pool is. */
export const POOL_REPORT_MS = 500;

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
    this.#cancel = clock.every(POOL_REPORT_MS, () => {
      if (plane.health().kind === 'connected') plane.publish(subject, encodePoolReport(report()));
    });
  }

  close(): void {
    this.#cancel();
  }
}
