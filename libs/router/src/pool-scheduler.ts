import { Scheduler } from '@kvasir/scheduler';
import type { SchedulerEffect, SchedulerInput, SchedulerOptions } from '@kvasir/scheduler';
import type { Prng } from '@kvasir/units';

const NOTHING: readonly SchedulerEffect[] = [];

export interface PoolSchedulerParts {
  readonly options: Omit<SchedulerOptions, 'blockSize'>;
  readonly prng: Prng;
  /** Is shown the effects of every step, before whoever made it. */
  readonly observe: (effects: readonly SchedulerEffect[]) => void;
}

/** The scheduler of a pool, which is there from the moment that the block size is known. Inputs before it are dropped. */
export class PoolScheduler {
  readonly #parts: PoolSchedulerParts;
  #scheduler: Scheduler | null = null;

  constructor(parts: PoolSchedulerParts) {
    this.#parts = parts;
  }

  /** Null before the block size is known. */
  get now(): Scheduler | null {
    return this.#scheduler;
  }

  /** The block size is known. */
  begin(blockSize: number): void {
    this.#scheduler = new Scheduler({ ...this.#parts.options, blockSize }, this.#parts.prng);
  }

  step(input: SchedulerInput): readonly SchedulerEffect[] {
    const effects = this.#scheduler?.step(input) ?? NOTHING;
    this.#parts.observe(effects);
    return effects;
  }
}
