import type { SimLoad } from '@kvasir/engine-sim';
import type { EngineDriver } from './engine-driver.js';

/** The data-parallel ranks of one engine: each has a KV cache and a batch of its own, as in vLLM; from 0, without holes. */
export class EngineRanks {
  readonly #drivers: readonly EngineDriver[];

  constructor(rankCount: number, create: (rank: number) => EngineDriver) {
    this.#drivers = Array.from({ length: rankCount }, (_, rank) => create(rank));
  }

  get count(): number {
    return this.#drivers.length;
  }

  /** Requests that wait, run or get blocks, over all ranks. */
  get requestCount(): number {
    return this.#drivers.reduce((sum, { requestCount }) => sum + requestCount, 0);
  }

  /** Null for a rank that is not there. */
  driver(rank: number): EngineDriver | null {
    return this.#drivers[rank] ?? null;
  }

  /** The rank for a request that names none: waiting requests weigh four times as much as running ones, as vLLM's own balancer has it. */
  leastBusy(): number {
    let best = 0;
    let least = Infinity;
    for (const [rank, driver] of this.#drivers.entries()) {
      const { runningRequests, waitingRequests } = driver.load();
      const busy = 4 * waitingRequests + runningRequests;
      if (busy < least) [best, least] = [rank, busy];
    }
    return best;
  }

  loads(): readonly SimLoad[] {
    return this.#drivers.map((driver) => driver.load());
  }

  /** Ids are unique over all ranks. @returns false when no rank keeps blocks under the id. */
  extendLease(id: string, leaseMs: number): boolean {
    return this.#drivers.some((driver) => driver.extendLease(id, leaseMs));
  }

  release(id: string): boolean {
    return this.#drivers.some((driver) => driver.release(id));
  }

  /** @returns false when a cache is in use. */
  resetCache(): boolean {
    return this.#drivers.map((driver) => driver.resetCache()).every(Boolean);
  }

  setSlowness(factor: number): void {
    for (const driver of this.#drivers) driver.setSlowness(factor);
  }

  close(): void {
    for (const driver of this.#drivers) driver.close();
  }
}
