import type { WorkerRecord } from '@kvasir/contract';
import type { EndpointView } from '@kvasir/registry';
import type { Clock, Logger } from '@kvasir/service';
import type { WorkerId } from '@kvasir/units';
import type { HealthOptions } from '@kvasir/worker-health';
import type { EngineLoads } from '../load-view/engine-loads.js';
import type { PoolScheduler } from '../pool-scheduler.js';
import { fullWorkers } from './full-workers.js';
import { HealthWatch } from './health-watch.js';
import type { HealthWatchParts } from './health-watch.js';
import type { LegStart, LegWatch } from './leg-watch.js';
import { ranksOf, targetsOf, Workers } from './workers.js';
import type { WorkerChange } from './workers.js';

export interface PoolTargetsParts {
  readonly scheduler: PoolScheduler;
  readonly clock: Clock;
  readonly logger: Logger;
  readonly health: HealthOptions;
  /** Tries a worker that is not trusted; without it time alone brings the worker back. */
  readonly probe?: ((worker: WorkerRecord) => Promise<boolean>) | undefined;
  /** Part of an engine's KV cache in use, 0 to 1, from which on it is passed over while others are below. */
  readonly kvUsageMax?: number | undefined;
  readonly engineLoads: () => EngineLoads | null;
  /** Targets are about to come or go. */
  readonly changing: () => void;
  readonly appeared: (worker: WorkerRecord) => void;
  readonly gone: (workerId: WorkerId) => void;
  readonly failed: HealthWatchParts['failed'];
  readonly setAside: HealthWatchParts['setAside'];
}

/** Who may be chosen, and why not: the workers as registered, less those that drain, and, while others can serve, those set aside or full. */
export class PoolTargets {
  readonly #parts: PoolTargetsParts;
  readonly #workers = new Workers();
  readonly #health: HealthWatch;
  /** Workers that were told to finish, at this router alone; forgotten with their life. */
  readonly #drained = new Set<WorkerId>();
  /** Workers that are passed over because their caches are full. */
  #full: ReadonlySet<WorkerId> = new Set();

  constructor(parts: PoolTargetsParts) {
    this.#parts = parts;
    const { clock, logger, probe, failed, setAside } = parts;
    this.#health = new HealthWatch({
      ...{ clock, logger, failed, setAside, options: parts.health },
      probe: async (workerId) => {
        const worker = this.#workers.get(workerId);
        return probe === undefined || worker === null || (await probe(worker));
      },
      serving: () => this.all().flatMap((worker) => (this.isDraining(worker) ? [] : [worker.workerId])),
      changed: (workerIds) => {
        for (const workerId of workerIds) this.#putAgain(workerId);
      },
    });
  }

  /** Workers that are passed over for their faults, or because they have no room. */
  get setAsideCount(): number {
    return this.#health.passedOver.size;
  }

  get distrustedCount(): number {
    return this.#health.distrustedCount;
  }

  get fullCount(): number {
    return this.#full.size;
  }

  all(): readonly WorkerRecord[] {
    return this.#workers.all();
  }

  /** Null for a worker that is not registered now. */
  get(workerId: WorkerId): WorkerRecord | null {
    return this.#workers.get(workerId);
  }

  /** True for a worker that gets nothing new, at its own wish or as it was told here. */
  isDraining(worker: WorkerRecord): boolean {
    return worker.isDraining || this.#drained.has(worker.workerId);
  }

  /** Gives a worker nothing new, or again. @returns false for one that is not registered. */
  setDraining(workerId: WorkerId, isDraining: boolean): boolean {
    const worker = this.#workers.get(workerId);
    if (worker === null) return false;
    if (isDraining) this.#drained.add(workerId);
    else this.#drained.delete(workerId);
    this.#parts.logger.info({ workerId, isDraining }, 'worker told to drain, or not to');
    this.#put(worker, 'targetUpdated');
    this.#health.refresh();
    return true;
  }

  /** Workers that take new work. */
  usable(): readonly WorkerRecord[] {
    return this.all().filter(
      (worker) => !this.isDraining(worker) && !this.#health.passedOver.has(worker.workerId),
    );
  }

  update(view: EndpointView): void {
    const changes = this.#workers.update(view);
    for (const change of changes) this.#apply(change);
    if (changes.length > 0) this.#health.refresh();
  }

  /** True while it is chosen only when nobody else can be. */
  isPassedOver(workerId: WorkerId): boolean {
    return this.#health.passedOver.has(workerId) || this.#full.has(workerId);
  }

  /** A request goes to a worker; whoever asks owes what becomes of it. */
  leg(start: LegStart): LegWatch {
    return this.#health.leg(start);
  }

  /** Time has passed: workers are tried that are to be, and who is full is looked at again. */
  tick(): void {
    this.#health.tick();
    this.#passOverFull();
  }

  #apply(change: WorkerChange): void {
    const { worker } = change;
    switch (change.kind) {
      case 'restarted':
        this.#remove(change.before);
        this.#drained.delete(worker.workerId);
        this.#admit(worker);
        return;
      case 'appeared':
        this.#admit(worker);
        return;
      case 'updated':
        this.#put(worker, 'targetUpdated');
        return;
      case 'disappeared':
        this.#parts.gone(worker.workerId);
        this.#remove(worker);
        this.#health.leave(worker.workerId);
        this.#drained.delete(worker.workerId);
        this.#parts.logger.info({ workerId: worker.workerId }, 'worker gone');
    }
  }

  #admit(worker: WorkerRecord): void {
    this.#health.join(worker.workerId);
    this.#put(worker, 'targetAdded');
    this.#parts.appeared(worker);
    this.#parts.logger.info({ workerId: worker.workerId, url: worker.url }, 'worker found');
  }

  #put(worker: WorkerRecord, kind: 'targetAdded' | 'targetUpdated'): void {
    if (kind === 'targetAdded') this.#parts.changing();
    const servesAtNeed = !this.isDraining(worker);
    const isEligible = servesAtNeed && !this.isPassedOver(worker.workerId);
    for (const target of targetsOf(worker))
      this.#parts.scheduler.step({ kind, target, isEligible, servesAtNeed });
  }

  #putAgain(workerId: WorkerId): void {
    const worker = this.#workers.get(workerId);
    if (worker !== null) this.#put(worker, 'targetUpdated');
  }

  #remove(worker: WorkerRecord): void {
    this.#parts.changing();
    for (const rank of ranksOf(worker))
      this.#parts.scheduler.step({ kind: 'targetRemoved', workerId: worker.workerId, rank });
  }

  #passOverFull(): void {
    const { kvUsageMax } = this.#parts;
    const engineLoads = this.#parts.engineLoads();
    if (kvUsageMax === undefined || engineLoads === null) return;
    const before = this.#full;
    this.#full = fullWorkers(this.usable(), engineLoads, kvUsageMax);
    for (const worker of this.all())
      if (before.has(worker.workerId) !== this.#full.has(worker.workerId)) this.#put(worker, 'targetUpdated');
  }
}
