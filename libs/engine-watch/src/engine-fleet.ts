import { hostname } from 'node:os';
import { rankEndpoint } from '@kvasir/engine-events';
import type { EventPlane } from '@kvasir/event-plane';
import type { Registry } from '@kvasir/registry';
import { engineFindings, fleetFindings } from '@kvasir/self-check';
import type { Finding } from '@kvasir/self-check';
import type { Clock, Component, DrainReport, Logger, Metrics, Readiness } from '@kvasir/service';
import type { Prng } from '@kvasir/units';
import { sameLife, sameSettings } from './engine-config.js';
import type { EngineConfig } from './engine-config.js';
import { EngineHttp } from './engine-http.js';
import { EngineWatch } from './engine-watch.js';
import type { WatchParts } from './engine-watch.js';
import type { TakerLookup } from './rank-taker.js';
import { createWatchMetrics, forgetEngine } from './watch-metrics.js';
import type { WatchMetrics } from './watch-metrics.js';

/** How engines are looked after. */
export interface EngineWatchSettings {
  /** How long a registration outlives whoever made it. */
  readonly leaseMs: number;
  readonly loadMs: number;
  readonly probeMs: number;
  readonly probeFailuresMax: number;
  /** How long a health route may take. */
  readonly healthTimeoutMs: number;
  /** How often an engine is asked what it is. */
  readonly factsMs: number;
  /** How long an engine that gets nothing new may take to finish what it has. */
  readonly drainMs: number;
  /** How long engines stay registered after whoever looked after them has stopped; 0 takes them off at once. */
  readonly handoverMs: number;
}

export const ENGINE_WATCH_SETTINGS: EngineWatchSettings = {
  leaseMs: 10_000,
  loadMs: 1_000,
  probeMs: 1_000,
  probeFailuresMax: 3,
  healthTimeoutMs: 2_000,
  factsMs: 2_000,
  drainMs: 30_000,
  handoverMs: 30_000,
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
  /** Who looks after the engines, for people; by default this machine and process. */
  readonly holder?: string | undefined;
}

/** An engine as an operator sees it. */
export interface EngineStatus {
  readonly workerId: string;
  readonly url: string;
  readonly isDraining: boolean;
  /** Why it gets no requests; null when it does. */
  readonly downReason: string | null;
}

/** Of every rank, as host and port, or path. */
function addressesOf({ kvEvents, rankCount }: EngineConfig): readonly string[] {
  if (kvEvents.kind !== 'zmq') return [];
  const { endpoint, replayEndpoint } = kvEvents;
  const ranks = Array.from({ length: rankCount }, (_, rank) => rank);
  return [endpoint, replayEndpoint].flatMap((base) =>
    base === null ? [] : ranks.map((rank) => socketName(rankEndpoint(base, rank))),
  );
}

/** One name for all that a machine calls itself. */
function socketName(endpoint: string): string {
  return endpoint.replace(/^tcp:\/\/(?:localhost|127(?:\.\d+){3}|\[::1\])(?=:)/, 'tcp://127.0.0.1');
}

/** Looks after any number of stock engines: registers each while it is well, and tells what its KV caches hold and how busy it is. */
export class EngineFleet implements Component {
  readonly name = 'engine-fleet';
  readonly #http = new EngineHttp();
  readonly #parts: WatchParts;
  readonly #watches = new Map<string, EngineWatch>();
  /** Engines that finish what they have, before they are let go. */
  readonly #leaving = new Set<string>();
  #isDraining = false;
  #isClosed = false;
  /** Changes of the fleet, one after the other. */
  #changing: Promise<void> = Promise.resolve();

  constructor(engines: readonly EngineConfig[], settings: EngineWatchSettings, context: EngineFleetContext) {
    const holder = context.holder ?? `${hostname()}/${process.pid}`;
    const metrics = createWatchMetrics(context.metrics, (to) => this.#measure(to));
    this.#parts = { ...context, ...settings, holder, http: this.#http, metrics };
    for (const engine of engines) this.#watches.set(engine.workerId, new EngineWatch(engine, this.#parts));
  }

  /** Engines that are not there yet are waited for. */
  async start(): Promise<void> {
    await Promise.all([...this.#watches.values()].map((watch) => watch.start()));
  }

  /** Other engines from now on: new ones are looked after, those that are gone finish what they have, and those that have changed are told so. */
  apply(engines: readonly EngineConfig[]): Promise<void> {
    this.#changing = this.#changing.then(() => this.#apply(engines));
    return this.#changing;
  }

  /** The engines run on without us, so there is nothing to wait for. */
  drain(): Promise<DrainReport> {
    this.#isDraining = true;
    return Promise.resolve({ abandonedRequests: 0 });
  }

  async close(): Promise<void> {
    this.#isClosed = true;
    const isLeft = this.#parts.handoverMs > 0;
    await this.#changing;
    await Promise.all(
      [...this.#watches].map(([id, watch]) =>
        isLeft && !this.#leaving.has(id) ? watch.leave() : watch.close(),
      ),
    );
    await this.#http.close();
  }

  /** An operator's wish. @returns false for an engine that is not looked after here. */
  async setDraining(workerId: string, isDraining: boolean): Promise<boolean> {
    const watch = this.#watches.get(workerId);
    await watch?.setDraining('operator', isDraining);
    return watch !== undefined;
  }

  engines(): readonly EngineStatus[] {
    return [...this.#watches.values()].map(({ workerId, config, isDraining, downReason }) => ({
      workerId,
      url: config.url,
      isDraining,
      downReason,
    }));
  }

  /** What goes into the header `authorization` to the engine at a base URL; null when it needs none. */
  authorizationOf(url: string): string | null {
    for (const { engine } of this.#watches.values())
      if (engine.url === url) return engine.apiKey?.authorization() ?? null;
    return null;
  }

  /** What is wrong with the engines now. */
  findings(): readonly Finding[] {
    const watches = [...this.#watches.values()];
    return [
      ...watches.flatMap(({ observed }) => engineFindings(observed)),
      ...fleetFindings(
        watches.map(({ config }) => ({ workerId: config.workerId, addresses: addressesOf(config) })),
      ),
    ];
  }

  /** Whoever takes the events that an engine sends by itself. */
  taker(workerId: string, rank: number): TakerLookup {
    return this.#watches.get(workerId)?.taker(rank) ?? { kind: 'unknown' };
  }

  /** Ready while at least one engine is registered. */
  readiness(): Readiness {
    if (this.#isDraining) return { kind: 'notReady', reason: 'the agent is draining' };
    const watches = [...this.#watches.values()];
    const down = watches.filter(({ downReason }) => downReason !== null);
    if (down.length < watches.length) return { kind: 'ready' };
    const reasons = down.map(({ workerId, downReason }) => `${workerId}: ${downReason ?? ''}`);
    return { kind: 'notReady', reason: reasons.join('; ') };
  }

  async #apply(engines: readonly EngineConfig[]): Promise<void> {
    if (this.#isClosed) return;
    const wanted = new Map(engines.map((engine) => [engine.workerId, engine]));
    for (const [id, watch] of this.#watches) if (!wanted.has(id)) this.#letGo(id, watch);
    await Promise.all(engines.map((engine) => this.#put(engine)));
  }

  async #put(engine: EngineConfig): Promise<void> {
    const id = engine.workerId;
    const known = this.#watches.get(id);
    const { logger } = this.#parts;
    if (known === undefined || !sameLife(known.config, engine)) {
      const watch = new EngineWatch(engine, this.#parts);
      this.#leaving.delete(id);
      this.#watches.set(id, watch);
      await known?.close();
      logger.info({ workerId: id, url: engine.url }, 'engine is looked after');
      await watch.start();
      return;
    }
    if (this.#leaving.delete(id)) await known.setDraining('removed', false);
    if (sameSettings(known.config, engine)) return;
    logger.info({ workerId: id }, 'engine has other settings');
    await known.reconfigure(engine);
  }

  #letGo(id: string, watch: EngineWatch): void {
    if (this.#leaving.has(id)) return;
    this.#leaving.add(id);
    void watch
      .setDraining('removed', true)
      .then(() => watch.finished())
      .then(async () => {
        // It may have come back meanwhile.
        if (this.#watches.get(id) !== watch || !this.#leaving.delete(id)) return;
        this.#watches.delete(id);
        await watch.close();
        if (!this.#watches.has(id)) await forgetEngine(this.#parts.metrics, id);
      });
  }

  #measure(to: WatchMetrics): void {
    for (const gauge of [to.isUp, to.isDraining, to.heldBlocks, to.leftOut]) gauge.reset();
    for (const watch of this.#watches.values()) {
      const { workerId: worker_id, downReason, isDraining, heldBlocks } = watch;
      to.isUp.set({ worker_id }, downReason === null ? 1 : 0);
      to.isDraining.set({ worker_id }, isDraining ? 1 : 0);
      to.heldBlocks.set({ worker_id }, heldBlocks);
      for (const [reason, count] of watch.leftOut()) to.leftOut.set({ worker_id, reason }, count);
    }
  }
}
