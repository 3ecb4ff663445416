import { seededPrng } from '@kvasir/units';
import type { Prng } from '@kvasir/units';
import { TRACE_BLOCK_TOKENS } from './trace.js';
import type { TraceRequest } from './trace.js';

export const workloads = ['conversation', 'tool-agent', 'shared-prefix'] as const;
export type Workload = (typeof workloads)[number];

/**
 * A trace made to published statistics, the same for the same seed.
 *
 * `conversation`: Mooncake's conversation trace (FAST'25): 3.4 requests/s in batches every 3 s, one block that all share, 24 blocks per request in
 * the mean and 14 in the median, about 37 % of them seen before, 343 output tokens in the mean.
 * `tool-agent`: its tool and agent trace: 6.7 requests/s, three system prompts (46, 39 and 15 % of the requests), 8,596 input and 182
 * output tokens in the mean, 59 % of the blocks seen before.
 * `shared-prefix`: the usual serving benchmark of that name: 64 system prompts of 2,048 tokens, questions of 128, answers of 256, as a Poisson
 * stream of 8 requests/s.
 */
export function generateTrace(
  workload: Workload,
  options: { readonly requestCount: number; readonly seed: number },
): readonly TraceRequest[] {
  const prng = seededPrng(options.seed);
  const source = new TraceSource(prng);
  const make = { conversation, 'tool-agent': toolAgent, 'shared-prefix': sharedPrefix }[workload];
  return Array.from({ length: options.requestCount }, () => make(source));
}

/** What the requests of one trace have in common: time, fresh ids, earlier conversations. */
class TraceSource {
  readonly prng: Prng;
  #nowMs = 0;
  #leftInBatch = 0;
  #nextId = 0;
  readonly #shared = new Map<string, readonly number[]>();
  readonly #conversations: (readonly number[])[] = [];

  constructor(prng: Prng) {
    this.prng = prng;
  }

  /** Batches of Poisson size at fixed times: how arrivals of recorded traces are bucketed. */
  batchArrivalMs(ratePerS: number, periodMs: number): number {
    while (this.#leftInBatch === 0) {
      if (this.#nextId > 0) this.#nowMs += periodMs;
      this.#leftInBatch = this.#poisson((ratePerS * periodMs) / 1000);
    }
    this.#leftInBatch -= 1;
    return this.#nowMs;
  }

  poissonArrivalMs(ratePerS: number): number {
    const arrivalMs = this.#nowMs;
    this.#nowMs += (-Math.log(1 - this.prng()) / ratePerS) * 1000;
    return arrivalMs;
  }

  /** The same ids each time for the same name. */
  sharedBlocks(name: string, count: number): readonly number[] {
    const known = this.#shared.get(name);
    if (known !== undefined) return known;
    const blocks = this.freshBlocks(count);
    this.#shared.set(name, blocks);
    return blocks;
  }

  freshBlocks(count: number): readonly number[] {
    return Array.from({ length: count }, () => this.#nextId++);
  }

  /** One of the last conversations at random; null while there are fewer. */
  earlier(within: number): readonly number[] | null {
    const back = 1 + Math.floor(this.prng() * within);
    return this.#conversations.at(-back) ?? null;
  }

  remember(blocks: readonly number[]): void {
    this.#conversations.push(blocks);
  }

  logNormal(median: number, sigma: number): number {
    const normal = Math.sqrt(-2 * Math.log(1 - this.prng())) * Math.cos(2 * Math.PI * this.prng());
    return median * Math.exp(sigma * normal);
  }

  /** A whole number from `min` to `max`. */
  between(min: number, max: number): number {
    return min + Math.floor(this.prng() * (max - min + 1));
  }

  /** Knuth's product method; fine for the small means here. */
  #poisson(mean: number): number {
    const floor = Math.exp(-mean);
    let count = 0;
    for (let product = this.prng(); product > floor; product *= this.prng()) count += 1;
    return count;
  }
}

const BATCH_PERIOD_MS = 3_000;

interface Growth {
  readonly continuedShare: number;
  readonly newBlocksMedian: number;
  readonly newBlocksSigma: number;
  readonly blocksMax: number;
  /** A turn follows one of this many last conversations. */
  readonly recentConversations: number;
}

const CONVERSATION: Growth = {
  continuedShare: 0.37,
  newBlocksMedian: 8,
  newBlocksSigma: 1.1,
  blocksMax: 247,
  recentConversations: 800,
};

const AGENT_CONVERSATION: Growth = {
  continuedShare: 0.52,
  newBlocksMedian: 6,
  newBlocksSigma: 1,
  blocksMax: 62,
  recentConversations: 400,
};

function conversation(source: TraceSource): TraceRequest {
  const arrivalMs = source.batchArrivalMs(3.4, BATCH_PERIOD_MS);
  return turn(source, {
    arrivalMs,
    growth: CONVERSATION,
    outputMedian: 300,
    outputSigma: 0.55,
    outputMax: 2_000,
  });
}

function toolAgent(source: TraceSource): TraceRequest {
  const arrivalMs = source.batchArrivalMs(6.7, BATCH_PERIOD_MS);
  const cluster = source.prng();
  if (cluster < 0.46)
    return turn(source, {
      arrivalMs,
      growth: AGENT_CONVERSATION,
      outputMedian: 300,
      outputSigma: 0.6,
      outputMax: 1_000,
    });
  return cluster < 0.85
    ? agentCall(source, { arrivalMs, name: 'tools', sharedCount: 12, newMax: 4, outputs: [3, 60] })
    : agentCall(source, { arrivalMs, name: 'search', sharedCount: 5, newMax: 2, outputs: [16, 24] });
}

function sharedPrefix(source: TraceSource): TraceRequest {
  const group = source.between(0, 63);
  return {
    arrivalMs: source.poissonArrivalMs(8),
    inputTokens: 2_048 + 128,
    outputTokens: 256,
    blockIds: [...source.sharedBlocks(`system-${group}`, 4), ...source.freshBlocks(1)],
  };
}

/** A new conversation or the next turn of an earlier one: what was there, and more. */
function turn(
  source: TraceSource,
  options: {
    readonly arrivalMs: number;
    readonly growth: Growth;
    readonly outputMedian: number;
    readonly outputSigma: number;
    readonly outputMax: number;
  },
): TraceRequest {
  const { growth, arrivalMs, outputMedian, outputSigma, outputMax } = options;
  const earlier = source.prng() < growth.continuedShare ? source.earlier(growth.recentConversations) : null;
  const before = earlier ?? source.sharedBlocks('all', 1);
  const wanted = Math.ceil(source.logNormal(growth.newBlocksMedian, growth.newBlocksSigma));
  const newCount = Math.max(1, Math.min(wanted, growth.blocksMax - before.length));
  const blockIds = [...before, ...source.freshBlocks(newCount)];
  source.remember(blockIds);
  const outputTokens = Math.round(source.logNormal(outputMedian, outputSigma));
  return {
    arrivalMs,
    inputTokens: inputTokensOf(source, blockIds),
    outputTokens: Math.max(1, Math.min(outputTokens, outputMax)),
    blockIds,
  };
}

/** A call with a long system prompt and little of its own. */
function agentCall(
  source: TraceSource,
  options: {
    readonly arrivalMs: number;
    readonly name: string;
    readonly sharedCount: number;
    readonly newMax: number;
    readonly outputs: readonly [number, number];
  },
): TraceRequest {
  const { arrivalMs, name, sharedCount, newMax, outputs } = options;
  const blockIds = [
    ...source.sharedBlocks(name, sharedCount),
    ...source.freshBlocks(source.between(1, newMax)),
  ];
  return {
    arrivalMs,
    inputTokens: inputTokensOf(source, blockIds),
    outputTokens: source.between(...outputs),
    blockIds,
  };
}

/** The last block is not full. */
function inputTokensOf(source: TraceSource, blockIds: readonly number[]): number {
  return (blockIds.length - 1) * TRACE_BLOCK_TOKENS + source.between(1, TRACE_BLOCK_TOKENS);
}
