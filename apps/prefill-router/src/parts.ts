import type { EngineClient, EngineLife } from '@kvasir/engines';
import type { KvRouter } from '@kvasir/router';
import type { Logger } from '@kvasir/service';
import type { RequestId, WorkerId } from '@kvasir/units';
import type { PrefillRouterMetrics } from './metrics.js';

/** What serving a call takes. */
export interface ServingParts {
  readonly router: KvRouter;
  readonly engines: EngineClient;
  /** What tells when a worker leaves the list; null while it is not in the list. */
  readonly lifeOf: (workerId: WorkerId) => EngineLife | null;
  readonly metrics: PrefillRouterMetrics;
  readonly logger: Logger;
  readonly newRequestId: () => RequestId;
  /** Frees a booking, and lets a drain know. @returns false when no such booking is known. */
  readonly release: (requestId: RequestId) => boolean;
}
