import type { EngineClient, ServingRequest } from '@kvasir/engines';
import type { ApiRequest } from '@kvasir/openai';
import type { Clock, Logger } from '@kvasir/service';
import type { RequestId } from '@kvasir/units';
import type { Attempts } from '@kvasir/worker-health';
import type { FrontendConfig } from '../config.js';
import type { ClientAnswer } from '../http/client-answer.js';
import type { FrontendMetrics } from '../metrics.js';
import type { RouterHop } from '../router-hop.js';
import type { WorkerPool } from '../worker-pool.js';
import type { HandoverReleases } from './handover-releases.js';
import type { PromptTokens } from './prompt-tokens.js';
import type { RequestRecord } from './request-record.js';
import type { RequestScope } from './request-scope.js';

/** What serving a request stands on; one for the life of a frontend. */
export interface ServingParts {
  readonly config: FrontendConfig;
  readonly decode: WorkerPool;
  readonly aggregated: WorkerPool;
  readonly prefill: Pick<RouterHop, 'isAvailable' | 'dialects' | 'workersOtherThan' | 'book' | 'lifeOf'>;
  readonly prompts: Pick<PromptTokens, 'encode' | 'contradicted'>;
  readonly engines: EngineClient;
  readonly releases: HandoverReleases;
  readonly metrics: FrontendMetrics;
  readonly clock: Clock;
  readonly logger: Logger;
}

/** One request as it came, before it is encoded. */
export type IncomingRequest = Omit<ActiveRequest, 'tokens' | 'attempts'>;

/** One request while it is served. */
export interface ActiveRequest {
  readonly request: ApiRequest;
  /** What engines and bookings know the request by: unique among those that run, also when a client repeats its own ids. */
  readonly serving: ServingRequest & { readonly requestId: RequestId };
  readonly answer: ClientAnswer;
  readonly scope: RequestScope;
  readonly record: RequestRecord;
  /** What it was tried on, over both legs. */
  readonly attempts: Attempts;
  /** Token ids of the prompt; empty when no tokenizer is known. */
  readonly tokens: Uint32Array;
}
