import { Worker } from 'node:worker_threads';
import type { FuzzOutcome } from './fuzz-loop.js';
import { SharedInput } from './shared-input.js';

/** An input that takes longer hangs, also on a machine that is busy with something else. */
export const INPUT_MS_MAX = 15_000;
/** Heap of a decoder and what it is tried with. */
export const HEAP_MB_MAX = 512;
const LOOK_MS = 250;

/** What a worker is given. */
export interface FuzzTask {
  readonly targetName: string;
  readonly seed: number;
  readonly budgetMs: number;
  readonly kept: readonly Uint8Array[];
  readonly memory: SharedArrayBuffer;
}

/** Fuzzes one decoder in a thread of its own: one that hangs or takes too much memory is ended, and its input is the failure. */
export function runFuzz(
  entry: URL,
  task: Omit<FuzzTask, 'memory'>,
  inputMsMax = INPUT_MS_MAX,
): Promise<FuzzOutcome> {
  const shared = new SharedInput();
  const worker = new Worker(entry, {
    workerData: { ...task, memory: shared.memory } satisfies FuzzTask,
    resourceLimits: { maxOldGenerationSizeMb: HEAP_MB_MAX },
  });
  return new Promise((resolve) => {
    let seen = -1;
    let sameLooks = 0;
    const watch = setInterval(() => {
      sameLooks = shared.number === seen ? sameLooks + 1 : 0;
      seen = shared.number;
      if (shared.number > 0 && sameLooks * LOOK_MS >= inputMsMax)
        end(failed(task, shared, `an input took over ${inputMsMax} ms`));
    }, LOOK_MS);
    const end = (outcome: FuzzOutcome): void => {
      clearInterval(watch);
      void worker.terminate();
      resolve(outcome);
    };
    worker.once('message', end);
    worker.once('error', (error: Error) => end(failed(task, shared, error.message)));
  });
}

function failed(
  { targetName, budgetMs }: Omit<FuzzTask, 'memory'>,
  shared: SharedInput,
  reason: string,
): FuzzOutcome {
  const { number: inputs, input } = shared;
  return {
    target: targetName,
    inputs,
    elapsedMs: budgetMs,
    slowestMs: budgetMs,
    failures: [{ input, reason }],
  };
}
