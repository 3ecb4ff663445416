import type { DialectName } from '@kvasir/contract';
import type { SimLoad } from '@kvasir/engine-sim';
import { createMetrics } from '@kvasir/service';
import type { Counter, Gauge, Histogram, Metrics } from '@kvasir/service';
import type { Finished } from './engine/engine-driver.js';

const MS_PER_S = 1000;
type Label = 'model_name' | 'engine' | 'dp_rank';

/** Upper bounds in seconds; a mock at any speed-up shows engine time. */
const LATENCY_BUCKETS_S = [
  0.005, 0.01, 0.02, 0.04, 0.06, 0.08, 0.1, 0.25, 0.5, 0.75, 1, 2.5, 5, 7.5, 10, 20, 40, 80, 160,
];

const GAUGES = {
  'vllm:num_requests_running': ['Requests in the running batch.', (load) => load.runningRequests],
  'vllm:num_requests_waiting': ['Requests that wait.', (load) => load.waitingRequests],
  'vllm:kv_cache_usage_perc': ['Share of KV blocks in use, 0 to 1.', (load) => load.kvUsedShare],
  kvasir_mock_kept_prefills: ['Finished prefills whose blocks are kept.', (load) => load.keptPrefills],
  kvasir_mock_cached_blocks: ['Different blocks in the cache.', (load) => load.cachedBlocks],
} as const satisfies Readonly<Record<string, readonly [string, (load: SimLoad) => number]>>;

const COUNTERS = {
  'vllm:prefix_cache_queries_total': ['Prompt tokens looked up in the cache.', (load) => load.queriedTokens],
  'vllm:prefix_cache_hits_total': ['Prompt tokens found in the cache.', (load) => load.hitTokens],
  'vllm:external_prefix_cache_hits_total': [
    'Prompt tokens that came from another engine.',
    (load) => load.fetchedTokens,
  ],
  'vllm:num_preemptions_total': ['Requests that had to start over.', (load) => load.preemptions],
  'vllm:generation_tokens_total': ['Tokens generated.', (load) => load.outputTokens],
  kvasir_mock_prefill_tokens_total: ['Prompt tokens computed.', (load) => load.prefillTokens],
  kvasir_mock_steps_total: ['Engine steps.', (load) => load.steps],
  kvasir_mock_failed_transfers_total: ['Transfers that failed.', (load) => load.failedTransfers],
  kvasir_mock_expired_leases_total: ['Kept prefills that nobody fetched.', (load) => load.expiredLeases],
  kvasir_mock_refused_requests_total: ['Requests that were refused.', (load) => load.refusedRequests],
} as const satisfies Readonly<Record<string, readonly [string, (load: SimLoad) => number]>>;

const HISTOGRAMS = {
  queue: ['vllm:request_queue_time_seconds', 'Time until taken up.'],
  firstToken: ['vllm:time_to_first_token_seconds', 'Time until the first token.'],
  prefill: ['vllm:request_prefill_time_seconds', 'Time from being taken up to the first token.'],
  whole: ['vllm:e2e_request_latency_seconds', 'Time until the last token.'],
} as const;

/** What SGLang calls the metrics that it has too. */
const SGLANG_NAMES: Readonly<Record<string, string>> = {
  'vllm:num_requests_running': 'sglang:num_running_reqs',
  'vllm:num_requests_waiting': 'sglang:num_queue_reqs',
  'vllm:kv_cache_usage_perc': 'sglang:token_usage',
  'vllm:num_preemptions_total': 'sglang:num_retracted_reqs_total',
  'vllm:prompt_tokens_total': 'sglang:prompt_tokens_total',
  'vllm:generation_tokens_total': 'sglang:generation_tokens_total',
  'vllm:time_to_first_token_seconds': 'sglang:time_to_first_token_seconds',
  'vllm:e2e_request_latency_seconds': 'sglang:e2e_request_latency_seconds',
  'vllm:request_queue_time_seconds': 'sglang:queue_time_seconds',
};

/** The engine's metrics under the names of its dialect, in engine time; what the dialect does not have is called `kvasir_mock_…`. */
export class EngineMetrics {
  readonly #metrics: Metrics = createMetrics(null);
  readonly #model: string;
  readonly #dialect: DialectName;
  readonly #rankLabel: 'engine' | 'dp_rank';
  readonly #loads: () => readonly SimLoad[];
  readonly #counters: { readonly counter: Counter<Label>; readonly read: (load: SimLoad) => number }[] = [];
  readonly #gauges: { readonly gauge: Gauge<Label>; readonly read: (load: SimLoad) => number }[] = [];
  /** By counter and rank. */
  readonly #told = new Map<Counter<Label>, number[]>();
  readonly #histograms: Readonly<Record<keyof typeof HISTOGRAMS, Histogram<Label>>>;
  readonly #promptTokens: Counter<Label>;
  readonly #successes: Counter<Label | 'finished_reason'>;

  constructor(options: {
    readonly dialect: DialectName;
    readonly model: string;
    readonly blockSize: number;
    readonly blockCount: number;
    readonly rankCount: number;
    /** Of each rank. */
    readonly loads: () => readonly SimLoad[];
  }) {
    this.#model = options.model;
    this.#dialect = options.dialect;
    this.#rankLabel = options.dialect === 'sglang' ? 'dp_rank' : 'engine';
    const labels = ['model_name', this.#rankLabel] as const;
    this.#loads = options.loads;
    for (const [name, [help, read]] of Object.entries(GAUGES))
      this.#gauges.push({ gauge: this.#metrics.gauge({ name: this.#nameOf(name), help, labels }), read });
    for (const [name, [help, read]] of Object.entries(COUNTERS))
      this.#counters.push({
        counter: this.#metrics.counter({ name: this.#nameOf(name), help, labels }),
        read,
      });
    this.#promptTokens = this.#metrics.counter({
      name: this.#nameOf('vllm:prompt_tokens_total'),
      help: 'Prompt tokens of requests that ended.',
      labels,
    });
    this.#successes = this.#metrics.counter({
      name: this.#nameOf('vllm:request_success_total'),
      help: 'Requests that ended, by reason.',
      labels: [...labels, 'finished_reason'],
    });
    const histogram = ([name, help]: readonly [string, string]): Histogram<Label> =>
      this.#metrics.histogram({ name: this.#nameOf(name), help, labels, buckets: LATENCY_BUCKETS_S });
    this.#histograms = {
      queue: histogram(HISTOGRAMS.queue),
      firstToken: histogram(HISTOGRAMS.firstToken),
      prefill: histogram(HISTOGRAMS.prefill),
      whole: histogram(HISTOGRAMS.whole),
    };
    const info = this.#metrics.gauge({
      name: this.#nameOf('vllm:cache_config_info'),
      help: 'The cache configuration as labels.',
      labels: ['block_size', 'num_gpu_blocks', 'engine'],
    });
    for (let rank = 0; rank < options.rankCount; rank += 1)
      info.set(
        {
          block_size: String(options.blockSize),
          num_gpu_blocks: String(options.blockCount),
          engine: String(rank),
        },
        1,
      );
  }

  get contentType(): string {
    return this.#metrics.contentType;
  }

  finished({ atMs, reason, usage, times }: Finished, rank: number): void {
    const labels = this.#labels(rank);
    const observe = (key: keyof typeof HISTOGRAMS, ms: number): void =>
      this.#histograms[key].observe(labels, ms / MS_PER_S);
    observe('queue', times.startedMs - times.arrivedMs);
    observe('firstToken', times.firstTokenMs - times.arrivedMs);
    observe('prefill', times.firstTokenMs - times.startedMs);
    observe('whole', atMs - times.arrivedMs);
    this.#promptTokens.inc(labels, usage.promptTokens);
    this.#successes.inc({ ...labels, finished_reason: reason });
  }

  async render(): Promise<string> {
    for (const [rank, load] of this.#loads().entries()) this.#collect(rank, load);
    return await this.#metrics.render();
  }

  #collect(rank: number, load: SimLoad): void {
    const labels = this.#labels(rank);
    for (const { gauge, read } of this.#gauges) gauge.set(labels, read(load));
    for (const { counter, read } of this.#counters) {
      const total = read(load);
      const told = this.#told.get(counter) ?? [];
      counter.inc(labels, total - (told[rank] ?? 0));
      told[rank] = total;
      this.#told.set(counter, told);
    }
  }

  #nameOf(vllmName: string): string {
    const own = vllmName.replace('vllm:', 'kvasir_mock_');
    return this.#dialect === 'vllm' ? vllmName : (SGLANG_NAMES[vllmName] ?? own);
  }

  #labels(rank: number): Partial<Record<Label, string>> {
    return { model_name: this.#model, [this.#rankLabel]: String(rank) };
  }
}
