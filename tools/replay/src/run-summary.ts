import type { Outcome } from './outcome.js';
import { percentiles } from './percentiles.js';
import type { Percentiles } from './percentiles.js';
import type { Played } from './play-trace.js';

/** The figures of one run. Times are engine ms: real ones times the speed-up. */
export interface RunSummary {
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
  /** Largest over mean, of prompt tokens that a worker had to compute. */
  readonly prefillSpread: number;
  /** Largest over mean, of tokens that a worker generated. */
  readonly decodeSpread: number;
  readonly durationS: number;
  readonly delayedRequests: number;
  readonly cutPrompts: number;
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
  const durationS = (played.durationMs * speedup) / 1000;
  return {
    mode: options.mode,
    requests: played.outcomes.length,
    errors: played.outcomes.length - answered.length,
    errorsByReason: countReasons(played.outcomes),
    firstTokenMs: engineMs(answered.map((outcome) => outcome.firstTokenMs)),
    interTokenMs: engineMs(answered.flatMap((outcome) => outcome.gapsMs)),
    endToEndMs: engineMs(answered.map((outcome) => outcome.endMs)),
    outputTokensPerS: sum((outcome) => outcome.outputTokens) / durationS,
    promptTokens,
    cachedShare: sum((outcome) => outcome.cachedTokens) / promptTokens,
    predictedShare: sum((outcome) => outcome.overlapBlocks * blockSize) / promptTokens,
    prefillSpread: spread(workerIds.prefill, answered, ({ prefillWorkerId, decodeWorkerId, ...outcome }) => [
      prefillWorkerId === '' ? decodeWorkerId : prefillWorkerId,
      outcome.promptTokens - outcome.cachedTokens,
    ]),
    decodeSpread: spread(workerIds.decode, answered, ({ decodeWorkerId, outputTokens }) => [
      decodeWorkerId,
      outputTokens,
    ]),
    durationS,
    delayedRequests: played.delayedRequests,
    cutPrompts: played.cutPrompts,
  };
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
