import type { EndpointName } from '@kvasir/contract';
import { vi, expect } from 'vitest';
import type { EndpointView, Registry, RegistryWatch } from '../registry.js';

/** A view in short: ids (a draining one in brackets), and the pool. */
export function brief(view: EndpointView): string {
  const workers = view.workers.map(({ workerId, isDraining }) => (isDraining ? `(${workerId})` : workerId));
  const routers = view.routers.map(({ routerId, isDraining }) => (isDraining ? `(${routerId})` : routerId));
  const pool = view.pool === null ? 'no pool' : `${view.pool.model ?? 'any model'} by ${view.pool.blockSize}`;
  return `${[...workers, ...routers].join(' ') || 'nobody'}; ${pool}`;
}

/** Watches an endpoint and keeps what it is told, in short. */
export class ViewLog {
  readonly told: string[] = [];
  readonly #watch: RegistryWatch;

  constructor(registry: Registry, endpoint: EndpointName) {
    this.#watch = registry.watch(endpoint, (view) => this.told.push(brief(view)));
  }

  get view(): EndpointView {
    return this.#watch.view();
  }

  /** Waits until the newest view that was told is this one. */
  async reaches(expected: string): Promise<void> {
    await vi.waitFor(() => expect(this.told.at(-1)).toBe(expected));
    expect(brief(this.view)).toBe(expected);
  }

  close(): void {
    this.#watch.close();
  }
}
