import { checkCostOptions, COST_OPTIONS_DEFAULT } from '@kvasir/cost-model';
import type { CostOptions } from '@kvasir/cost-model';

/** How targets are chosen. */
export type RouterMode =
  /** By KV overlap and load. */
  | 'kv'
  /** Each eligible target in turn. */
  | 'round-robin'
  /** Any eligible target, evenly. */
  | 'random';

/** When requests wait in the router instead of in an engine. */
export interface QueueOptions {
  /** A target with more prompt tokens than this booked and not computed takes nothing new; when no target is left, requests wait. */
  readonly prefillTokensMax: number;
  /** Requests that wait at a time; more are rejected. */
  readonly requestsMax: number;
}

export interface SchedulerOptions {
  readonly mode: RouterMode;
  /** Tokens per KV block. */
  readonly blockSize: number;
  readonly cost: CostOptions;
  /** 0 takes the lowest cost; above, costs are sampled. */
  readonly temperature: number;
  /** False leaves the blocks of running requests out of the cost. */
  readonly trackActiveBlocks: boolean;
  /** False counts every booked prompt block as new, also when a running request has it already. */
  readonly assumeKvReuse: boolean;
  /** Distinct blocks in the index; the oldest leaves are evicted beyond. */
  readonly indexBlocksMax: number;
  /** Requests booked at once; more are rejected. */
  readonly bookingsMax: number;
  /** The same of one caller, where requests name theirs. */
  readonly bookingsPerCallerMax: number;
  /** Age at which a booking that nobody freed is dropped. */
  readonly bookingTtlMs: number;
  /** Null: no request waits. */
  readonly queue: QueueOptions | null;
}

/** Options of a router for a pool that computes and generates. */
export const SCHEDULER_OPTIONS_DEFAULT: Omit<SchedulerOptions, 'blockSize'> = {
  mode: 'kv',
  cost: COST_OPTIONS_DEFAULT,
  temperature: 0,
  trackActiveBlocks: true,
  assumeKvReuse: true,
  indexBlocksMax: 10_000_000,
  bookingsMax: 100_000,
  bookingsPerCallerMax: 50_000,
  bookingTtlMs: 3_600_000,
  queue: null,
};

/** @throws RangeError naming the option that is out of its range. */
export function checkSchedulerOptions(options: SchedulerOptions): void {
  checkCostOptions(options.cost);
  const whole = [
    ['blockSize', options.blockSize],
    ['indexBlocksMax', options.indexBlocksMax],
    ['bookingsMax', options.bookingsMax],
    ['bookingsPerCallerMax', options.bookingsPerCallerMax],
    ['queue.requestsMax', options.queue?.requestsMax ?? 1],
  ] as const;
  for (const [name, value] of whole) {
    if (!Number.isInteger(value) || value < 1) {
      throw new RangeError(
        `Cannot schedule: ${name} must be a whole number of at least 1, received ${value}`,
      );
    }
  }
  if (!Number.isFinite(options.temperature) || options.temperature < 0) {
    throw new RangeError(`Cannot schedule: temperature must be at least 0, received ${options.temperature}`);
  }
  if (options.queue !== null && !(options.queue.prefillTokensMax >= 0)) {
    throw new RangeError(
      `Cannot schedule: queue.prefillTokensMax must be at least 0, received ${options.queue.prefillTokensMax}`,
    );
  }
  if (!(options.bookingTtlMs > 0)) {
    throw new RangeError(
      `Cannot schedule: bookingTtlMs must be more than 0, received ${options.bookingTtlMs}`,
    );
  }
}
