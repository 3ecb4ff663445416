import { setMaxListeners } from 'node:events';
import { CompletionClient } from './completion-client.js';
import type { ReplayValues } from './options.js';
import { playTrace } from './play-trace.js';
import type { PlayProgress } from './play-trace.js';
import { summarize } from './run-summary.js';
import type { RunSummary } from './run-summary.js';
import { startStackProcess } from './stack-process.js';
import type { TraceRequest } from './trace.js';

/** Where a trace is played. */
interface Stage {
  readonly frontendUrls: readonly string[];
  readonly model: string;
  readonly vocabularySize: number;
  readonly contextTokensMax: number;
  readonly workerIds: { readonly prefill: readonly string[]; readonly decode: readonly string[] };
  readonly died: AbortSignal | null;
  stop(): Promise<void>;
}

export interface ReplayContext {
  /** What the run is called. */
  readonly title: string;
  readonly nowMs: () => number;
  readonly signal: AbortSignal;
  readonly progressed: (progress: PlayProgress) => void;
}

/** Plays a trace in one mode. @throws Error when the stack does not start or ends by itself. */
export async function replayRun(
  requests: readonly TraceRequest[],
  values: ReplayValues,
  context: ReplayContext,
): Promise<RunSummary> {
  const stage = values.url === null ? await ownStage(values) : runningStage(values, values.url);
  const { speedup, blockSize, concurrencyMax, timeoutMs } = values;
  const signal = AbortSignal.any(stage.died === null ? [context.signal] : [context.signal, stage.died]);
  // Every request in flight listens.
  setMaxListeners(concurrencyMax + 1, signal);
  const client = new CompletionClient({
    urls: stage.frontendUrls,
    model: stage.model,
    connections: concurrencyMax,
    timeoutMs,
    nowMs: context.nowMs,
  });
  try {
    const played = await playTrace(requests, {
      ...stage,
      ...context,
      client,
      speedup,
      concurrencyMax,
      signal,
    });
    if (stage.died?.aborted === true && !context.signal.aborted)
      throw new Error('The stack ended while the trace was played');
    return summarize(played, { mode: context.title, speedup, blockSize, workerIds: stage.workerIds });
  } finally {
    await client.close();
    await stage.stop();
  }
}

const MODE_FLAGS: Readonly<Record<ReplayValues['mode'], readonly string[]>> = {
  kv: ['--router-mode', 'kv'],
  'round-robin': ['--router-mode', 'round-robin'],
  random: ['--router-mode', 'random'],
  single: ['--example', 'single-pool'],
  'multi-pool': ['--example', 'multi-pool'],
};

async function ownStage(values: ReplayValues): Promise<Stage> {
  const { prefillWorkers, decodeWorkers, aggregatedWorkers, mode, speedup, kvBlocks, blockSize } = values;
  const workers =
    aggregatedWorkers === null
      ? ['--prefill-workers', String(prefillWorkers), '--decode-workers', String(decodeWorkers)]
      : ['--aggregated-workers', String(aggregatedWorkers)];
  const stack = await startStackProcess([
    ...workers,
    ...(values.distributed ? ['--distributed'] : []),
    ...MODE_FLAGS[mode],
    ...['--speedup', String(speedup)],
    ...['--kv-blocks', String(kvBlocks), '--block-size', String(blockSize)],
  ]);
  const { engines } = stack.summary;
  const idsOf = (...roles: readonly string[]): readonly string[] =>
    engines.filter(({ role }) => roles.includes(role)).map(({ workerId }) => workerId);
  return {
    ...stack.summary,
    workerIds: { prefill: idsOf('prefill', 'aggregated'), decode: idsOf('decode', 'aggregated') },
    died: stack.died,
    stop: () => stack.stop(),
  };
}

function runningStage({ model, vocabularySize, contextTokensMax }: ReplayValues, url: string): Stage {
  return {
    frontendUrls: [url],
    model,
    vocabularySize,
    contextTokensMax,
    workerIds: { prefill: [], decode: [] },
    died: null,
    stop: () => Promise.resolve(),
  };
}
