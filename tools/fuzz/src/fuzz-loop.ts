import { seededPrng } from '@kvasir/units';
import type { FuzzTarget } from './fuzz-target.js';
import { minimise } from './minimise.js';
import { mutate } from './mutate.js';

/** Failures of one target, after which it is left. */
export const FAILURES_MAX = 5;
/** Seeds of a target that are made anew by chance. */
const SEED_ROUNDS = 4;
/** Making one failing input smaller may take so long. */
const MINIMISE_MS_MAX = 10_000;
/** Inputs between two looks at the clock. */
const INPUTS_PER_LOOK = 32;

export interface FoundFailure {
  readonly input: Uint8Array;
  readonly reason: string;
}

export interface FuzzOutcome {
  readonly target: string;
  readonly inputs: number;
  readonly elapsedMs: number;
  readonly slowestMs: number;
  readonly failures: readonly FoundFailure[];
}

export interface FuzzLoopOptions {
  readonly seed: number;
  /** Inputs that have failed before. */
  readonly kept: readonly Uint8Array[];
  readonly budgetMs: number;
  readonly nowMs: () => number;
  /** Told of each input before it is run, so that whoever watches knows what did not come back. */
  readonly begin: (input: Uint8Array) => void;
}

/** Runs a target on what is kept, on its seeds and on mutations of all of them until the time is over. */
export function fuzz(target: FuzzTarget, options: FuzzLoopOptions): FuzzOutcome {
  const { nowMs, begin, kept } = options;
  const prng = seededPrng(options.seed);
  const seeds = [...kept, ...Array.from({ length: SEED_ROUNDS }, () => target.seeds(prng)).flat()];
  const failures: FoundFailure[] = [];
  const startedMs = nowMs();
  let inputs = 0;
  let slowestMs = 0;
  const tryOne = (input: Uint8Array): void => {
    begin(input);
    const beganMs = nowMs();
    const reason = failureOf(target, input);
    slowestMs = Math.max(slowestMs, nowMs() - beganMs);
    inputs += 1;
    if (reason === null) return;
    const untilMs = nowMs() + MINIMISE_MS_MAX;
    const smaller = minimise(input, (candidate) => {
      begin(candidate);
      return nowMs() < untilMs && failureOf(target, candidate) !== null;
    });
    failures.push({ input: smaller, reason: failureOf(target, smaller) ?? reason });
  };
  for (const seed of seeds) tryOne(seed);
  while (nowMs() - startedMs < options.budgetMs && failures.length < FAILURES_MAX) {
    for (let turn = 0; turn < INPUTS_PER_LOOK && failures.length < FAILURES_MAX; turn += 1)
      tryOne(mutate(target, seeds, prng));
    const broken = failureOf({ ...target, run: () => target.roundTrip?.(prng) }, new Uint8Array());
    if (broken !== null) failures.push({ input: new Uint8Array(), reason: `round trip: ${broken}` });
  }
  return { target: target.name, inputs, elapsedMs: nowMs() - startedMs, slowestMs, failures };
}

function failureOf(target: Pick<FuzzTarget, 'run'>, input: Uint8Array): string | null {
  try {
    target.run(input);
    return null;
  } catch (error) {
    const lines = error instanceof Error ? (error.stack ?? error.message).split('\n') : [String(error)];
    return lines.slice(0, 4).join(' | ').slice(0, 1_000);
  }
}
