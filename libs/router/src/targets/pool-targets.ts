import type { WorkerRecord } from '@kvasir/contract';
import type { EndpointView } from '@kvasir/registry';
import type { Clock, Logger } from '@kvasir/service';
import type { WorkerId } from '@kvasir/units';
import type { EngineLoads } from '../load-view/engine-loads.js';
import type { PoolScheduler } from '../pool-scheduler.js';
import { fullWorkers } from './full-workers.js';
import { SetAside } from './set-aside.js';
import { ranksOf, targetsOf, Workers } from './workers.js';
import type { WorkerChange } from './workers.js';

export interface PoolTargetsParts {
  readonly scheduler: PoolScheduler;
  readonly clock: Clock;
  readonly logger: Logger;
  /** Tries a worker that was set aside; without it time alone brings the worker back. */
  readonly probe?: ((worker: WorkerRecord) => Promise<boolean>) | undefined;
  /** Part of an engine's KV cache in use, 0 to 1, from which on it is passed over while others are below. */
  readonly kvUsageMax?: number | undefined;
  readonly engineLoads: () => EngineLoads | null;
  /** Targets are about to come or go. */
  readonly changing: () => void;
  readonly appeared: (worker: WorkerRecord) => void;
  readonly gone: (workerId: WorkerId) => void;
  readonly failed: (workerId: WorkerId) => void;
}

/** Who may be chosen, and why not: the workers as registered, less those that drain, were set aside or are full. */
export class PoolTargets {
  readonly #parts: PoolTargetsParts;
  readonly #workers = new Workers();
  readonly #setAside = new SetAside();
  /** Workers that were told to finish, at this router alone; forgotten with their life. */
  readonly #drained = new Set<WorkerId>();
  /** Workers that are passed over because their caches are full. */
  #full: ReadonlySet<WorkerId> = new Set();

  constructor(parts: PoolTargetsParts) {
    this.#parts = parts;
  }

  get setAsideCount(): number {
    return this.#setAside.size;
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
    return true;
  }

  /** Workers that take new work. */
  usable(): readonly WorkerRecord[] {
    return this.all().filter((worker) => !this.isDraining(worker) && !this.#setAside.has(worker.workerId));
  }

  update(view: EndpointView): void {
    for (const change of this.#workers.update(view)) this.#apply(change);
  }

  /** A fault of the worker: it is set aside at once and tried again later. */
  reportFailure(workerId: WorkerId): void {
    const worker = this.#workers.get(workerId);
    if (worker === null) return;
    const coolDownMs = this.#setAside.fail(workerId, this.#parts.clock.nowMs());
    this.#parts.failed(workerId);
    this.#parts.logger.warn({ workerId, coolDownMs }, 'worker set aside');
    this.#put(worker, 'targetUpdated');
  }

  reportSuccess(workerId: WorkerId): void {
    if (!this.#setAside.trust(workerId)) return;
    const worker = this.#workers.get(workerId);
    this.#parts.logger.info({ workerId }, 'worker trusted again');
    if (worker !== null) this.#put(worker, 'targetUpdated');
  }

  /** Time has passed: workers whose cool-down is over are tried, and who is full is looked at again. */
  tick(nowMs: number): void {
    for (const workerId of this.#setAside.due(nowMs)) void this.#retry(workerId);
    this.#passOverFull();
  }

  #apply(change: WorkerChange): void {
    const { worker } = change;
    switch (change.kind) {
      case 'restarted':
        this.#remove(change.before);
        this.#setAside.trust(worker.workerId);
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
        this.#setAside.trust(worker.workerId);
        this.#drained.delete(worker.workerId);
        this.#parts.logger.info({ workerId: worker.workerId }, 'worker gone');
    }
  }

  #admit(worker: WorkerRecord): void {
    this.#put(worker, 'targetAdded');
    this.#parts.appeared(worker);
    this.#parts.logger.info({ workerId: worker.workerId, url: worker.url }, 'worker found');
  }

  #put(worker: WorkerRecord, kind: 'targetAdded' | 'targetUpdated'): void {
    if (kind === 'targetAdded') this.#parts.changing();
    const { workerId } = worker;
    const isEligible = !this.isDraining(worker) && !this.#setAside.has(workerId) && !this.#full.has(workerId);
    for (const target of targetsOf(worker)) this.#parts.scheduler.step({ kind, target, isEligible });
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

  async #retry(workerId: WorkerId): Promise<void> {
    const worker = this.#workers.get(workerId);
    const { probe } = this.#parts;
    if (worker === null) return;
    const isWell = probe === undefined || (await probe(worker).catch(() => false));
    if (isWell) this.reportSuccess(workerId);
    else this.reportFailure(workerId);
  }
}
