import type { Counter, Gauge, Histogram, Metrics } from '@kvasir/service';

/** How a request was run: `unrouted` ended before a worker was chosen. */
export type ModeLabel = 'disaggregated' | 'aggregated' | 'unrouted';
export type LegLabel = 'prefill' | 'decode' | 'aggregated';
/** Why a request was turned away before any engine saw it. */
export type RejectionReason =
  | 'requestsMax'
  | 'draining'
  /** As many bytes of bodies are in flight as may, over all or for the client. */
  | 'bodyBytes'
  | 'clientBytes'
  | 'bodyTooSlow'
  | 'bodyTooLarge'
  | 'bodyTooComplex'
  | 'badRequest'
  | 'unknownModel'
  | 'noWorkers'
  | 'prefillUnavailable'
  | 'tokenizer';
/** Where a request was when its client left. */
export type StageLabel = 'unrouted' | 'prefill' | 'between' | 'generation';

/** Why a request had no tokens to be routed by. */
export type UntokenizedReason =
  | 'noTokenizer'
  | 'textBytes'
  | 'queueFull'
  | 'timeout'
  | 'workerFailed'
  | 'unsliceable'
  /** The tokenizer refuses the text. */
  | 'encodingFailed'
  /** The engine will refuse the request, so far as can be told here: it has the say. */
  | 'requestInvalid'
  /** The chat template refuses the messages, or Python raises an error in it. */
  | 'templateRefused'
  /** The renderer lacks what the chat template or the request needs. */
  | 'templateUnsupported'
  /** No engine can be asked for it: it has no render route, or none for such a request. */
  | 'noRenderer'
  /** As many renders are in flight as may. */
  | 'rendersBusy'
  | 'renderTimeout'
  /** The engine says that it will refuse the request: it is asked for the answer all the same. */
  | 'renderRefused'
  | 'renderFailed';

/** Read when the metrics are. */
export interface FrontendGauges {
  readonly requestsInFlight: () => number;
  readonly bodiesArriving: () => number;
  readonly bodyBytes: () => number;
  readonly textBytes: () => number;
  readonly rendersInFlight: () => number;
  readonly renderCacheBytes: () => number;
}

export interface FrontendMetrics {
  readonly requests: Counter<'endpoint' | 'mode' | 'status_class'>;
  readonly inFlight: Gauge;
  readonly bodiesArriving: Gauge;
  readonly bodyBytes: Gauge;
  /** Connections that were given up before they had brought a request. */
  readonly connectionFaults: Counter<'reason'>;
  readonly rejections: Counter<'reason'>;
  readonly disconnects: Counter<'stage'>;
  readonly legFailures: Counter<'leg' | 'code'>;
  readonly retries: Counter<'leg'>;
  readonly setAsides: Counter<'leg' | 'reason'>;
  readonly setAsideWorkers: Gauge<'leg'>;
  readonly lastResorts: Counter<'leg'>;
  readonly releases: Counter<'outcome'>;
  readonly unfreedBookings: Counter;
  readonly textBytes: Gauge;
  readonly untokenized: Counter<'reason'>;
  /** Events of engines' streams that were too long to be read. */
  readonly unreadEvents: Counter;
  readonly renders: Counter<'outcome'>;
  readonly rendersInFlight: Gauge;
  readonly renderCacheBytes: Gauge;
  readonly timeToFirstToken: Histogram;
  readonly interTokenLatency: Histogram;
  readonly duration: Histogram<'endpoint'>;
  readonly targets: Counter<'target' | 'pool' | 'outcome'>;
  readonly inputTokens: Counter;
  readonly outputTokens: Counter;
  readonly cachedTokens: Counter;
  readonly predictedOverlapTokens: Counter;
}

const TTFT_BUCKETS = [0.005, 0.01, 0.025, 0.05, 0.1, 0.25, 0.5, 1, 2.5, 5, 10, 30, 60, 120];
const ITL_BUCKETS = [0.001, 0.0025, 0.005, 0.01, 0.015, 0.02, 0.03, 0.05, 0.075, 0.1, 0.2, 0.5, 1, 5];
const DURATION_BUCKETS = [0.01, 0.05, 0.1, 0.25, 0.5, 1, 2.5, 5, 10, 30, 60, 120, 300, 600];

/** Declares every metric of the frontend itself; those of its routers are their own. */
export function createFrontendMetrics(metrics: Metrics, gauges: FrontendGauges): FrontendMetrics {
  return {
    requests: metrics.counter({
      name: 'kvasir_frontend_requests_total',
      help: 'Requests that have ended, by API, how they were run, and class of their status (499: the client left).',
      labels: ['endpoint', 'mode', 'status_class'],
    }),
    inFlight: metrics.gauge({
      name: 'kvasir_frontend_requests_in_flight',
      help: 'Requests that run now.',
      collect: (gauge) => gauge.set(gauges.requestsInFlight()),
    }),
    rejections: metrics.counter({
      name: 'kvasir_frontend_rejections_total',
      help: 'Requests turned away before any engine saw them.',
      labels: ['reason'],
    }),
    disconnects: metrics.counter({
      name: 'kvasir_frontend_disconnects_total',
      help: 'Clients that left before their answer was complete, by where the request was.',
      labels: ['stage'],
    }),
    legFailures: metrics.counter({
      name: 'kvasir_frontend_leg_failures_total',
      help: 'Attempts of a leg that failed.',
      labels: ['leg', 'code'],
    }),
    retries: metrics.counter({
      name: 'kvasir_frontend_retries_total',
      help: 'Further attempts of a leg on another worker.',
      labels: ['leg'],
    }),
    setAsides: metrics.counter({
      name: 'kvasir_frontend_set_aside_total',
      help: 'Times that a worker whose router does not see the legs stopped being trusted, or failed a probe, by why.',
      labels: ['leg', 'reason'],
    }),
    setAsideWorkers: metrics.gauge({
      name: 'kvasir_frontend_set_aside_workers',
      help: 'Workers whose router does not see the legs that are passed over now, for faults or want of room.',
      labels: ['leg'],
    }),
    lastResorts: metrics.counter({
      name: 'kvasir_frontend_last_resort_total',
      help: 'Requests sent to a worker that is passed over, because its router had no other one.',
      labels: ['leg'],
    }),
    releases: metrics.counter({
      name: 'kvasir_frontend_handover_releases_total',
      help: 'Hand-overs whose client had left, by what became of the blocks: fetched, or left to their lease.',
      labels: ['outcome'],
    }),
    unfreedBookings: metrics.counter({
      name: 'kvasir_frontend_unfreed_bookings_total',
      help: 'Bookings that a prefill router could not be told to free; they expire there.',
    }),
    textBytes: metrics.gauge({
      name: 'kvasir_frontend_text_bytes',
      help: 'Bodies whose text waits to be turned into tokens or is being turned, together.',
      collect: (gauge) => gauge.set(gauges.textBytes()),
    }),
    ...promptMetrics(metrics, gauges),
    ...intakeMetrics(metrics, gauges),
    ...tokenMetrics(metrics),
  };
}

function promptMetrics(metrics: Metrics, gauges: FrontendGauges) {
  return {
    untokenized: metrics.counter({
      name: 'kvasir_frontend_untokenized_requests_total',
      help: 'Requests whose prompt was not known, by why; routed by its beginning where that was known, else by load.',
      labels: ['reason'],
    }),
    renders: metrics.counter({
      name: 'kvasir_frontend_renders_total',
      help: 'Prompts that engines were asked to render, by what came of it.',
      labels: ['outcome'],
    }),
    rendersInFlight: metrics.gauge({
      name: 'kvasir_frontend_renders_in_flight',
      help: 'Prompts that engines render now.',
      collect: (gauge) => gauge.set(gauges.rendersInFlight()),
    }),
    renderCacheBytes: metrics.gauge({
      name: 'kvasir_frontend_render_cache_bytes',
      help: 'Tokens of prompts that engines have rendered and that are remembered.',
      collect: (gauge) => gauge.set(gauges.renderCacheBytes()),
    }),
  } satisfies Partial<FrontendMetrics>;
}

function intakeMetrics(metrics: Metrics, gauges: FrontendGauges) {
  return {
    bodiesArriving: metrics.gauge({
      name: 'kvasir_frontend_bodies_arriving',
      help: 'Requests whose body is not complete yet.',
      collect: (gauge) => gauge.set(gauges.bodiesArriving()),
    }),
    bodyBytes: metrics.gauge({
      name: 'kvasir_frontend_body_bytes_in_flight',
      help: 'Bytes of the bodies of all requests that arrive or run.',
      collect: (gauge) => gauge.set(gauges.bodyBytes()),
    }),
    connectionFaults: metrics.counter({
      name: 'kvasir_frontend_connection_faults_total',
      help: 'Connections that were given up before they had brought a request, by reason.',
      labels: ['reason'],
    }),
  } satisfies Partial<FrontendMetrics>;
}

function tokenMetrics(metrics: Metrics) {
  return {
    timeToFirstToken: metrics.histogram({
      name: 'kvasir_frontend_time_to_first_token_seconds',
      help: 'From the arrival of a streaming request to its first token.',
      buckets: TTFT_BUCKETS,
    }),
    interTokenLatency: metrics.histogram({
      name: 'kvasir_frontend_inter_token_latency_seconds',
      help: 'Between two events of a stream that carry tokens, as relayed, for each token of the later one: an event without token ids counts as one.',
      buckets: ITL_BUCKETS,
    }),
    duration: metrics.histogram({
      name: 'kvasir_frontend_request_seconds',
      help: 'From the arrival of a request to the end of its answer.',
      labels: ['endpoint'],
      buckets: DURATION_BUCKETS,
    }),
    targets: metrics.counter({
      name: 'kvasir_frontend_targets_total',
      help: 'Streams that named a latency target, by whether it was met and by the pool that was to meet it (empty with one pool).',
      labels: ['target', 'pool', 'outcome'],
    }),
    inputTokens: metrics.counter({
      name: 'kvasir_frontend_input_tokens_total',
      help: 'Prompt tokens of answered requests.',
    }),
    unreadEvents: metrics.counter({
      name: 'kvasir_frontend_unread_events_total',
      help: "Events of engines' streams that were too long to be read, and passed as they came: their usage is neither counted nor patched.",
    }),
    outputTokens: metrics.counter({
      name: 'kvasir_frontend_output_tokens_total',
      help: 'Generated tokens, as the engine reports them, else as events were counted.',
    }),
    cachedTokens: metrics.counter({
      name: 'kvasir_frontend_cached_tokens_total',
      help: 'Prompt tokens that the engines did not compute, as they report it.',
    }),
    predictedOverlapTokens: metrics.counter({
      name: 'kvasir_frontend_predicted_overlap_tokens_total',
      help: 'Prompt tokens that the routers expected to be cached.',
    }),
  } satisfies Partial<FrontendMetrics>;
}

/** Which shapes of requests are rendered where, as far as that is proved. */
export function showShapes(metrics: Metrics, book: { sources(): ReadonlyMap<string, string | null> }): void {
  metrics.gauge({
    name: 'kvasir_frontend_render_shapes',
    help: 'Shapes of requests whose rendering was compared with the engine’s: source here when it was equal, engine when not.',
    labels: ['shape', 'source'],
    collect: (gauge) => {
      for (const [shape, found] of book.sources())
        for (const source of ['here', 'engine']) gauge.set({ shape, source }, source === found ? 1 : 0);
    },
  });
}
