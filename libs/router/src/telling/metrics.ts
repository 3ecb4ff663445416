import type { Counter, Gauge, Histogram, Metrics } from '@kvasir/service';

/** What a router tells of itself. Label values are unions or worker ids. */
export interface RouterMetrics {
  readonly decisions: Counter<'outcome'>;
  readonly promptBlocks: Counter;
  readonly overlapBlocks: Counter;
  readonly routeSeconds: Histogram;
  readonly waits: Counter;
  readonly waitSeconds: Histogram;
  readonly expiredBookings: Counter;
  readonly evictedBlocks: Counter;
  readonly workerFailures: Counter<'worker_id'>;
  readonly setAsides: Counter<'reason'>;
  readonly lastResorts: Counter;
  readonly activeBookings: Gauge;
  readonly waitingRequests: Gauge;
  readonly indexBlocks: Gauge;
  readonly indexBytes: Gauge;
  readonly heldBlocks: Gauge<'worker_id' | 'rank'>;
  readonly planeConnected: Gauge<'plane'>;
  readonly peers: Gauge;
  readonly peerMessages: Gauge<'outcome'>;
  readonly workers: Gauge<'state'>;
  readonly kvBatches: Gauge<'outcome'>;
  readonly digests: Gauge<'outcome'>;
  readonly snapshots: Gauge<'outcome'>;
  readonly logMessages: Gauge;
  readonly activePrefillTokens: Gauge<'worker_id' | 'rank'>;
  readonly activeDecodeBlocks: Gauge<'worker_id' | 'rank'>;
  readonly engineRequests: Gauge<'worker_id' | 'rank' | 'state'>;
  readonly engineKvUsage: Gauge<'worker_id' | 'rank'>;
}

/** Seconds. */
const WAIT_BUCKETS = [0.005, 0.02, 0.05, 0.1, 0.25, 0.5, 1, 2.5, 5, 10, 30, 60];
/** Seconds; a route is meant to take tens of microseconds. */
const ROUTE_BUCKETS = [0.000_01, 0.000_02, 0.000_05, 0.000_1, 0.000_2, 0.000_5, 0.001, 0.005, 0.02];

/** Declares the metrics; gauges are read when scraped by `collect`. */
export function createRouterMetrics(metrics: Metrics, collect: (to: RouterMetrics) => void): RouterMetrics {
  const made: RouterMetrics = {
    activeBookings: metrics.gauge({
      name: 'kvasir_router_active_bookings',
      help: 'Requests booked now.',
      // Reads for all gauges, so that they are of one moment; it is scraped first because it is declared first.
      collect: () => collect(made),
    }),
    waitingRequests: metrics.gauge({
      name: 'kvasir_router_waiting_requests',
      help: 'Requests that wait for a worker now.',
    }),
    ...decisionMetrics(metrics),
    ...indexMetrics(metrics),
    ...stateMetrics(metrics),
  };
  return made;
}

type DecisionMetrics = Pick<
  RouterMetrics,
  | 'decisions'
  | 'promptBlocks'
  | 'overlapBlocks'
  | 'routeSeconds'
  | 'waits'
  | 'waitSeconds'
  | 'expiredBookings'
  | 'evictedBlocks'
  | 'workerFailures'
  | 'setAsides'
  | 'lastResorts'
>;

function decisionMetrics(metrics: Metrics): DecisionMetrics {
  return {
    decisions: metrics.counter({
      name: 'kvasir_router_decisions_total',
      help: 'Requests routed or rejected.',
      labels: ['outcome'],
    }),
    promptBlocks: metrics.counter({
      name: 'kvasir_router_prompt_blocks_total',
      help: 'Complete blocks of routed prompts.',
    }),
    overlapBlocks: metrics.counter({
      name: 'kvasir_router_overlap_blocks_total',
      help: 'Leading prompt blocks that the chosen worker held.',
    }),
    routeSeconds: metrics.histogram({
      name: 'kvasir_router_route_seconds',
      help: 'Time to hash, match, weigh, choose and book.',
      buckets: ROUTE_BUCKETS,
    }),
    waits: metrics.counter({
      name: 'kvasir_router_waits_total',
      help: 'Requests that waited because every worker had too much to do.',
    }),
    waitSeconds: metrics.histogram({
      name: 'kvasir_router_wait_seconds',
      help: 'How long requests waited for a worker.',
      buckets: WAIT_BUCKETS,
    }),
    expiredBookings: metrics.counter({
      name: 'kvasir_router_expired_bookings_total',
      help: 'Bookings that nobody freed within their time to live.',
    }),
    evictedBlocks: metrics.counter({
      name: 'kvasir_router_evicted_index_blocks_total',
      help: 'Blocks dropped from the index because its limit was reached.',
    }),
    workerFailures: metrics.counter({
      name: 'kvasir_router_worker_failures_total',
      help: 'Requests that failed on a worker by a fault that may be its own.',
      labels: ['worker_id'],
    }),
    setAsides: metrics.counter({
      name: 'kvasir_router_set_aside_total',
      help: 'Times that a worker stopped being trusted, or failed a probe, by why: failures, unreachable, silence.',
      labels: ['reason'],
    }),
    lastResorts: metrics.counter({
      name: 'kvasir_router_last_resort_total',
      help: 'Requests booked on a worker that is passed over, because no other one could take them.',
    }),
  };
}

type IndexMetrics = Pick<
  RouterMetrics,
  'indexBlocks' | 'heldBlocks' | 'indexBytes' | 'kvBatches' | 'digests' | 'snapshots' | 'logMessages'
>;

function indexMetrics(metrics: Metrics): IndexMetrics {
  return {
    indexBlocks: metrics.gauge({ name: 'kvasir_router_index_blocks', help: 'Distinct blocks in the index.' }),
    heldBlocks: metrics.gauge({
      name: 'kvasir_router_held_blocks',
      help: 'Blocks that each worker holds as far as the index knows.',
      labels: ['worker_id', 'rank'],
    }),
    indexBytes: metrics.gauge({ name: 'kvasir_router_index_bytes', help: 'Memory of the index.' }),
    kvBatches: metrics.gauge({
      name: 'kvasir_router_kv_batches',
      help: 'KV event batches since the start, by what became of them.',
      labels: ['outcome'],
    }),
    digests: metrics.gauge({
      name: 'kvasir_router_kv_digests',
      help: "Comparisons of what the index holds with the publishers' own digests since the start, by outcome.",
      labels: ['outcome'],
    }),
    snapshots: metrics.gauge({
      name: 'kvasir_router_snapshots',
      help: 'Snapshots of the index since the start, by what became of them; sets loaded from one.',
      labels: ['outcome'],
    }),
    logMessages: metrics.gauge({
      name: 'kvasir_router_event_log_messages',
      help: 'Messages in the event log of durable mode, when last looked at.',
    }),
  };
}

type StateMetrics = Pick<
  RouterMetrics,
  | 'planeConnected'
  | 'peers'
  | 'peerMessages'
  | 'workers'
  | 'activePrefillTokens'
  | 'activeDecodeBlocks'
  | 'engineRequests'
  | 'engineKvUsage'
>;

function stateMetrics(metrics: Metrics): StateMetrics {
  return {
    planeConnected: metrics.gauge({
      name: 'kvasir_router_plane_connected',
      help: '1 while the event plane or the registry is connected; else the last known view is used.',
      labels: ['plane'],
    }),
    peers: metrics.gauge({
      name: 'kvasir_router_peers',
      help: 'Other routers of the pool that share their bookings.',
    }),
    peerMessages: metrics.gauge({
      name: 'kvasir_router_peer_messages',
      help: 'Messages of and to other routers since the start, by what became of them.',
      labels: ['outcome'],
    }),
    workers: metrics.gauge({
      name: 'kvasir_router_workers',
      help: 'Workers by state: known; set_aside (passed over for faults or want of room); distrusted (whether passed over or not); full.',
      labels: ['state'],
    }),
    activePrefillTokens: metrics.gauge({
      name: 'kvasir_router_active_prefill_tokens',
      help: 'Prompt tokens waiting or being computed, as booked.',
      labels: ['worker_id', 'rank'],
    }),
    activeDecodeBlocks: metrics.gauge({
      name: 'kvasir_router_active_decode_blocks',
      help: 'Blocks in use by booked requests.',
      labels: ['worker_id', 'rank'],
    }),
    engineRequests: metrics.gauge({
      name: 'kvasir_router_engine_requests',
      help: 'Requests that the engines themselves say they have; missing when nothing fresh was said.',
      labels: ['worker_id', 'rank', 'state'],
    }),
    engineKvUsage: metrics.gauge({
      name: 'kvasir_router_engine_kv_usage_ratio',
      help: 'Part of its KV cache that each engine says is in use.',
      labels: ['worker_id', 'rank'],
    }),
  };
}
