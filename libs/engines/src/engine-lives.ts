import type { WorkerId, Incarnation } from '@kvasir/units';
import { EngineLife } from './engine-life.js';

/** The lives of all engines of a list. */
export class EngineLives {
  #lives = new Map<WorkerId, EngineLife>();

  /** Of the engine as it is now; null when it is not in the list, or not yet. */
  of(workerId: WorkerId): EngineLife | null {
    return this.#lives.get(workerId) ?? null;
  }

  /** Takes the list as it is now; ends the lives of those that are not in it. */
  apply(workers: readonly { readonly workerId: WorkerId; readonly incarnation: Incarnation }[]): void {
    const before = this.#lives;
    const now = new Map<WorkerId, EngineLife>();
    for (const { workerId, incarnation } of workers) {
      const known = before.get(workerId);
      const isSame = known !== undefined && known.incarnation === incarnation;
      now.set(workerId, isSame ? known : new EngineLife(incarnation));
    }
    this.#lives = now;
    for (const [workerId, life] of before) {
      const next = now.get(workerId);
      if (next !== life) life.finish(next === undefined ? 'left' : 'restarted');
    }
  }
}
