import { seededPrng } from '@kvasir/units';
import { TraceSource } from './trace-source.js';
import type { Quantiles } from './trace-source.js';
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

const BATCH_PERIOD_MS = 3_000;

interface Growth {
  readonly continuedShare: number;
  readonly newBlocksMedian: number;
  readonly newBlocksSigma: number;
  /** A conversation that is as long has ended. */
  readonly blocksMax: number;
  /** A turn follows one of this many last conversations. */
  readonly recentConversations: number;
}

const CONVERSATION: Growth = {
  continuedShare: 0.36,
  newBlocksMedian: 7.6,
  newBlocksSigma: 1.17,
  blocksMax: 247,
  recentConversations: 800,
};

const AGENT_CONVERSATION: Growth = {
  continuedShare: 0.52,
  newBlocksMedian: 8.5,
  newBlocksSigma: 0.9,
  blocksMax: 62,
  recentConversations: 400,
};

/** Published: 50, 90, 99 % and the maximum. The point at 30 % makes the mean the published one of 343. */
const CONVERSATION_OUTPUT: Quantiles = [
  [0, 1],
  [0.3, 110],
  [0.5, 350],
  [0.9, 597],
  [0.99, 1_120],
  [1, 2_000],
];

/** Published: from 9 to 1,000, and 182 in the mean of all three kinds. */
const AGENT_OUTPUT: Quantiles = [
  [0, 9],
  [0.5, 300],
  [0.9, 700],
  [1, 1_000],
];

function conversation(source: TraceSource): TraceRequest {
  const arrivalMs = source.batchArrivalMs(3.4, BATCH_PERIOD_MS);
  return turn(source, { arrivalMs, growth: CONVERSATION, output: CONVERSATION_OUTPUT });
}

function toolAgent(source: TraceSource): TraceRequest {
  const arrivalMs = source.batchArrivalMs(6.7, BATCH_PERIOD_MS);
  const cluster = source.prng();
  if (cluster < 0.46) return turn(source, { arrivalMs, growth: AGENT_CONVERSATION, output: AGENT_OUTPUT });
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
  options: { readonly arrivalMs: number; readonly growth: Growth; readonly output: Quantiles },
): TraceRequest {
  const { growth, arrivalMs, output } = options;
  const earlier = source.prng() < growth.continuedShare ? source.earlier(growth.recentConversations) : null;
  const isOpen = earlier !== null && earlier.length < growth.blocksMax;
  const before = isOpen ? earlier : source.sharedBlocks('all', 1);
  const wanted = Math.ceil(source.logNormal(growth.newBlocksMedian, growth.newBlocksSigma));
  const blockIds = [...before, ...source.freshBlocks(Math.min(wanted, growth.blocksMax - before.length))];
  source.remember(blockIds);
  return {
    arrivalMs,
    inputTokens: inputTokensOf(source, blockIds),
    outputTokens: Math.round(source.fromQuantiles(output)),
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
