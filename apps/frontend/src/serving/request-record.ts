import type { ApiRequest, RoutingHints, TokenUsage } from '@kvasir/openai';
import type { RequestId, WorkerId } from '@kvasir/units';
import type { ModeLabel, StageLabel } from '../metrics.js';

/** What is known of one request when it has ended: what its log line and the metrics are made of. */
export class RequestRecord {
  readonly requestId: RequestId;
  readonly endpoint: ApiRequest['kind'];
  readonly startMs: number;
  model: string | null = null;
  mode: ModeLabel = 'unrouted';
  /** What the request has asked for. */
  hints: RoutingHints | null = null;
  stage: StageLabel = 'unrouted';
  prefillWorkerId: WorkerId | null = null;
  decodeWorkerId: WorkerId | null = null;
  /** Null when there is one pool only. */
  prefillPool: string | null = null;
  decodePool: string | null = null;
  overlapBlocks: number | null = null;
  /** The overlap in tokens, as the router expects it. */
  predictedTokens = 0;
  promptTokens = 0;
  /** The prompt as it was counted here; null when it was not, or when there are several. */
  ownTokens: number | null = null;
  /** The same as the engine says; null when it does not. */
  engineTokens: number | null = null;
  /** Whether the prefill leg has handed over; null when there was none. */
  handedOver: boolean | null = null;
  /** As the engine reports it; in disaggregated mode what the prefill leg found. */
  cachedTokens: number | null = null;
  /** By the engine's usage; of a stream that was not finished, what its events said until then. */
  outputTokens = 0;
  firstTokenMs: number | null = null;
  attempts = 0;
  /** Events of streams that were too long to be read; relayed as they came. */
  unreadEvents = 0;

  constructor(requestId: RequestId, endpoint: ApiRequest['kind'], startMs: number) {
    this.requestId = requestId;
    this.endpoint = endpoint;
    this.startMs = startMs;
  }

  addUsage(usage: TokenUsage | null): void {
    if (usage === null) return;
    this.promptTokens = usage.promptTokens;
    this.engineTokens = usage.promptTokens;
    this.outputTokens = usage.completionTokens;
    this.cachedTokens ??= usage.cachedTokens;
  }
}
