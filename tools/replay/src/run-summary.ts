import type { Outcome } from './outcome.js';
import { percentiles } from './percentiles.js';
import type { Percentiles } from './percentiles.js';
import type { Played } from './play-trace.js';

/** The figures of one run. Times are engine ms: real ones times the speed-up. */
export interface RunSummary {
  /** How workers were chosen; `running stack` when that was not the run's to say. */
  readonly mode: string;
  readonly requests: number;
  readonly errors: number;
  readonly errorsByReason: Readonly<Record<string, number>>;
  readonly firstTokenMs: Percentiles;
  readonly interTokenMs: Percentiles;
  readonly endToEndMs: Percentiles;
  readonly outputTokensPerS: number;
  readonly promptTokens: number;
  /** Cached prompt tokens as engines report them, of all prompt tokens. */
  readonly cachedShare: number;
  /** The same as routers predicted it. */
  readonly predictedShare: number;
  /** How far the prediction is above (or, negative, below) what engines report, as a share of the latter. */
  readonly predictionOff: number;
  /** Largest over mean, of requests that a prefill worker got. */
  readonly requestSpread: number;
  /** Largest over mean, of prompt tokens that a worker had to compute. */
  readonly prefillSpread: number;
  /** Largest over mean, of tokens that a worker generated. */
  readonly decodeSpread: number;
  readonly durationS: number;
  readonly delayedRequests: number;
  readonly cutPrompts: number;
  /** Above 1, events carried several tokens, and inter-token latencies are those between events. */
  readonly tokensPerEvent: number;
}

export interface SummaryOptions {
  readonly mode: string;
  readonly speedup: number;
  readonly blockSize: number;
  /** Workers that compute prompts, and workers that generate, when known: those that got nothing count too. */
  readonly workerIds: { readonly prefill: readonly string[]; readonly decode: readonly string[] };
}

type Answered = Extract<Outcome, { kind: 'answered' }>;

export function summarize(played: Played, options: SummaryOptions): RunSummary {
  const { speedup, blockSize, workerIds } = options;
  const answered = played.outcomes.filter((outcome): outcome is Answered => outcome.kind === 'answered');
  const sum = (pick: (outcome: Answered) => number): number =>
    answered.reduce((total, outcome) => total + pick(outcome), 0);
  const engineMs = (values: readonly number[]): Percentiles =>
    percentiles(values.map((value) => value * speedup));
  const promptTokens = sum((outcome) => outcome.promptTokens);
  const cachedShare = sum((outcome) => outcome.cachedTokens) / promptTokens;
  const predictedShare = sum((outcome) => outcome.overlapBlocks * blockSize) / promptTokens;
  const outputTokens = sum((outcome) => outcome.outputTokens);
  const durationS = (played.durationMs * speedup) / 1000;
  return {
    mode: options.mode,
    requests: played.outcomes.length,
    errors: played.outcomes.length - answered.length,
    errorsByReason: countReasons(played.outcomes),
    firstTokenMs: engineMs(answered.map((outcome) => outcome.firstTokenMs)),
    interTokenMs: engineMs(answered.flatMap((outcome) => outcome.gapsMs)),
    endToEndMs: engineMs(answered.map((outcome) => outcome.endMs)),
    outputTokensPerS: outputTokens / durationS,
    promptTokens,
    cachedShare,
    predictedShare,
    predictionOff: predictedShare / cachedShare - 1,
    requestSpread: spread(workerIds.prefill, answered, (outcome) => [prefillWorkerOf(outcome), 1]),
    prefillSpread: spread(workerIds.prefill, answered, (outcome) => [
      prefillWorkerOf(outcome),
      outcome.promptTokens - outcome.cachedTokens,
    ]),
    decodeSpread: spread(workerIds.decode, answered, ({ decodeWorkerId, outputTokens }) => [
      decodeWorkerId,
      outputTokens,
    ]),
    durationS,
    delayedRequests: played.delayedRequests,
    cutPrompts: played.cutPrompts,
    tokensPerEvent: outputTokens / sum((outcome) => outcome.tokenEvents),
  };
}

/** An aggregated worker does both and is named as the decode worker. */
function prefillWorkerOf({ prefillWorkerId, decodeWorkerId }: Answered): string {
  return prefillWorkerId === '' ? decodeWorkerId : prefillWorkerId;
}

function countReasons(outcomes: readonly Outcome[]): Readonly<Record<string, number>> {
  const counts: Record<string, number> = {};
  for (const outcome of outcomes) {
    if (outcome.kind === 'failed') counts[outcome.reason] = (counts[outcome.reason] ?? 0) + 1;
  }
  return counts;
}

function spread(
  known: readonly string[],
  answered: readonly Answered[],
  work: (outcome: Answered) => readonly [string, number],
): number {
  const byWorker = new Map<string, number>(known.map((workerId) => [workerId, 0]));
  for (const outcome of answered) {
    const [workerId, amount] = work(outcome);
    byWorker.set(workerId, (byWorker.get(workerId) ?? 0) + amount);
  }
  const amounts = [...byWorker.values()];
  const total = amounts.reduce((all, amount) => all + amount, 0);
  return (Math.max(...amounts) * amounts.length) / total;
}
