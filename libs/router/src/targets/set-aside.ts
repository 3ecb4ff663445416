import type { WorkerId } from '@kvasir/units';

/** How long a worker that failed is left alone. */
export interface SetAsideLimits {
  /** After the first failure, in ms; each further one doubles it. */
  readonly coolDownMs: number;
  readonly coolDownMsMax: number;
}

export const SET_ASIDE_LIMITS: SetAsideLimits = { coolDownMs: 1_000, coolDownMsMax: 60_000 };

interface Entry {
  failures: number;
  retryAtMs: number;
}

/** Which workers have failed and when each may be tried again. Knows no clock; whoever asks brings the time. */
export class SetAside {
  readonly #limits: SetAsideLimits;
  readonly #entries = new Map<WorkerId, Entry>();

  constructor(limits: SetAsideLimits = SET_ASIDE_LIMITS) {
    this.#limits = limits;
  }

  /** @returns how long the worker is left alone, in ms. */
  fail(worker: WorkerId, nowMs: number): number {
    const failures = (this.#entries.get(worker)?.failures ?? 0) + 1;
    const coolDownMs = Math.min(this.#limits.coolDownMs * 2 ** (failures - 1), this.#limits.coolDownMsMax);
    this.#entries.set(worker, { failures, retryAtMs: nowMs + coolDownMs });
    return coolDownMs;
  }

  /** The worker has answered: it is trusted again. @returns false when it was not set aside. */
  trust(worker: WorkerId): boolean {
    return this.#entries.delete(worker);
  }

  has(worker: WorkerId): boolean {
    return this.#entries.has(worker);
  }

  get size(): number {
    return this.#entries.size;
  }

  /** Workers whose time has come. Each is answered once: it is not due again until it fails again. */
  due(nowMs: number): readonly WorkerId[] {
    const due: WorkerId[] = [];
    for (const [worker, entry] of this.#entries) {
      if (entry.retryAtMs > nowMs) continue;
      entry.retryAtMs = Infinity;
      due.push(worker);
    }
    return due;
  }
}
