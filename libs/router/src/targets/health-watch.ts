import type { CancelTimer, Clock, Logger } from '@kvasir/service';
import type { WorkerId } from '@kvasir/units';
import { outcomes, PoolHealth } from '@kvasir/worker-health';
import type { HealthEffect, HealthOptions, SetAsideReason } from '@kvasir/worker-health';
import { LegWatch } from './leg-watch.js';
import type { LegStart } from './leg-watch.js';

/** A worker that is set aside again and again is logged once in this time; how often it was in between is told with the next line. */
export const WARNING_PERIOD_MS = 10_000;

export interface HealthWatchParts {
  readonly options: HealthOptions;
  readonly clock: Clock;
  readonly logger: Logger;
  /** Lets a worker generate one token; without it time alone brings a worker back. */
  readonly probe?: ((workerId: WorkerId) => Promise<boolean>) | undefined;
  /** Workers that could take new work now. */
  readonly serving: () => readonly WorkerId[];
  /** Other workers than before are passed over. */
  readonly changed: (workerIds: readonly WorkerId[]) => void;
  readonly setAside: (reason: SetAsideReason) => void;
  readonly failed: (workerId: WorkerId) => void;
}

interface Warned {
  atMs: number;
  untold: number;
}

/** Which workers of a pool are passed over because of how they serve: `PoolHealth` judges, this watches requests, probes, and tells. */
export class HealthWatch {
  readonly #parts: HealthWatchParts;
  readonly #health: PoolHealth;
  readonly #legs = new Map<WorkerId, Set<LegWatch>>();
  readonly #warned = new Map<WorkerId, Warned>();
  #passedOver: ReadonlySet<WorkerId> = new Set();

  constructor(parts: HealthWatchParts) {
    this.#parts = parts;
    this.#health = new PoolHealth(parts.options);
  }

  /** Workers that are passed over now, for faults or for want of room. */
  get passedOver(): ReadonlySet<WorkerId> {
    return this.#passedOver;
  }

  /** Workers that are not trusted, whether they are passed over or serve on. */
  get distrustedCount(): number {
    return this.#health.distrustedCount;
  }

  /** A worker has come, or begun another life. */
  join(workerId: WorkerId): void {
    this.#health.join(workerId, this.#parts.clock.nowMs());
  }

  leave(workerId: WorkerId): void {
    this.#health.leave(workerId);
    this.#warned.delete(workerId);
  }

  /** Who could serve is another question than before: who is passed over is looked at again. */
  refresh(): void {
    const before = this.#passedOver;
    const after = this.#health.passedOver(this.#parts.serving());
    this.#passedOver = after;
    const changed = [...before].filter((id) => !after.has(id));
    for (const id of after) if (!before.has(id)) changed.push(id);
    if (changed.length > 0) this.#parts.changed(changed);
  }

  /** A request goes to a worker. Whoever asks owes `ended`. */
  leg(start: LegStart): LegWatch {
    const { workerId } = start;
    const nowMs = this.#parts.clock.nowMs();
    const legs = this.#legs.get(workerId) ?? new Set();
    const watch = new LegWatch(start, {
      nowMs,
      heard: (leg) => this.#health.heard(leg, this.#parts.clock.nowMs()),
      ended: (leg, end) => {
        legs.delete(watch);
        if (legs.size === 0) this.#legs.delete(workerId);
        if (end.kind === 'failed' && outcomes[end.code].outcome === 'workerFault')
          this.#parts.failed(workerId);
        this.#apply(this.#health.ended(leg, end, this.#parts.clock.nowMs()));
      },
    });
    legs.add(watch);
    this.#legs.set(workerId, legs);
    this.#health.sent(watch.leg);
    return watch;
  }

  /** To be called several times a second. */
  tick(): void {
    this.#apply(this.#health.tick(this.#parts.clock.nowMs()));
  }

  /** Ticks by itself until the answer is called, for owners without a tick of their own. */
  every(periodMs: number): CancelTimer {
    return this.#parts.clock.every(periodMs, () => this.tick());
  }

  #apply(effects: readonly HealthEffect[]): void {
    if (effects.length === 0) return;
    if (effects.some(({ kind }) => kind !== 'probe')) this.refresh();
    for (const effect of effects) this.#do(effect);
  }

  #do(effect: HealthEffect): void {
    const { logger } = this.#parts;
    const { workerId } = effect;
    switch (effect.kind) {
      case 'probe':
        void this.#probe(workerId);
        return;
      case 'setAside':
        this.#parts.setAside(effect.reason);
        this.#warn(effect);
        return;
      case 'waitsInVain':
        for (const leg of this.#legs.get(workerId) ?? []) leg.cut();
        return;
      case 'trusted':
        logger.info({ workerId }, 'worker trusted again');
        return;
      case 'overloaded':
        logger.debug({ workerId, durationMs: effect.durationMs }, 'worker has no room');
        return;
      case 'roomAgain':
        return;
    }
  }

  #warn({ workerId, reason, evidence, coolDownMs }: Extract<HealthEffect, { kind: 'setAside' }>): void {
    const nowMs = this.#parts.clock.nowMs();
    const warned = this.#warned.get(workerId) ?? { atMs: -Infinity, untold: 0 };
    this.#warned.set(workerId, warned);
    if (nowMs - warned.atMs < WARNING_PERIOD_MS) {
      warned.untold += 1;
      return;
    }
    const isPassedOver = this.#passedOver.has(workerId);
    this.#parts.logger.warn(
      { workerId, reason, evidence, coolDownMs, isPassedOver, untoldTimes: warned.untold },
      isPassedOver ? 'worker set aside' : 'worker is faulty but serves on: too many would be set aside',
    );
    warned.atMs = nowMs;
    warned.untold = 0;
  }

  async #probe(workerId: WorkerId): Promise<void> {
    const { probe, clock } = this.#parts;
    const isWell = probe === undefined || (await probe(workerId).catch(() => false));
    this.#apply(this.#health.probed(workerId, isWell, clock.nowMs()));
  }
}
