import type { EventPlane } from '@kvasir/event-plane';
import type { Registry } from '@kvasir/registry';
import type { Clock, Component, DrainReport, Logger, Metrics, Readiness } from '@kvasir/service';
import type { Prng } from '@kvasir/units';
import type { EngineConfig } from './engine-config.js';
import { EngineHttp } from './engine-http.js';
import { EngineWatch } from './engine-watch.js';
import type { TakerLookup } from './rank-taker.js';
import { createWatchMetrics } from './watch-metrics.js';

/** How engines are looked after. */
export interface EngineWatchSettings {
  /** How long a registration outlives whoever made it. */
  readonly leaseMs: number;
  readonly loadMs: number;
  readonly probeMs: number;
  readonly probeFailuresMax: number;
}

export const ENGINE_WATCH_SETTINGS: EngineWatchSettings = {
  leaseMs: 10_000,
  loadMs: 1_000,
  probeMs: 1_000,
  probeFailuresMax: 3,
};

/** What it stands on. */
export interface EngineFleetContext {
  readonly registry: Registry;
  readonly eventPlane: EventPlane;
  readonly clock: Clock;
  /** Milliseconds since 1970. */
  readonly epochMs: () => number;
  readonly logger: Logger;
  readonly prng: Prng;
  readonly metrics: Metrics;
}

/** Looks after any number of stock engines: registers each while it is well, and tells what its KV caches hold and how busy it is. */
export class EngineFleet implements Component {
  readonly name = 'engine-fleet';
  readonly #http = new EngineHttp();
  readonly #watches: readonly EngineWatch[];
  #isDraining = false;

  constructor(engines: readonly EngineConfig[], settings: EngineWatchSettings, context: EngineFleetContext) {
    const metrics = createWatchMetrics(context.metrics, (to) => {
      for (const watch of this.#watches) {
        to.isUp.set({ worker_id: watch.workerId }, watch.downReason === null ? 1 : 0);
        to.heldBlocks.set({ worker_id: watch.workerId }, watch.heldBlocks);
        for (const [reason, count] of watch.leftOut())
          to.leftOut.set({ worker_id: watch.workerId, reason }, count);
      }
    });
    const parts = { ...context, ...settings, http: this.#http, metrics };
    this.#watches = engines.map((engine) => new EngineWatch(engine, parts));
  }

  /** Engines that are not there yet are waited for. */
  async start(): Promise<void> {
    await Promise.all(this.#watches.map((watch) => watch.start()));
  }

  /** Takes the engines off the routers' lists; they finish what they have by themselves. */
  async drain(): Promise<DrainReport> {
    this.#isDraining = true;
    await Promise.all(this.#watches.map((watch) => watch.drain()));
    return { abandonedRequests: 0 };
  }

  async close(): Promise<void> {
    await Promise.all(this.#watches.map((watch) => watch.close()));
    await this.#http.close();
  }

  /** Whoever takes the events that an engine sends by itself. */
  taker(workerId: string, rank: number): TakerLookup {
    return this.#watches.find((watch) => watch.workerId === workerId)?.taker(rank) ?? { kind: 'unknown' };
  }

  /** Ready while at least one engine is registered. */
  readiness(): Readiness {
    if (this.#isDraining) return { kind: 'notReady', reason: 'the agent is draining' };
    const down = this.#watches.filter(({ downReason }) => downReason !== null);
    if (down.length < this.#watches.length) return { kind: 'ready' };
    const reasons = down.map(({ workerId, downReason }) => `${workerId}: ${downReason ?? ''}`);
    return { kind: 'notReady', reason: reasons.join('; ') };
  }
}
