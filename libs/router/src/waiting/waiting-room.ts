import type { SchedulerEffect } from '@kvasir/scheduler';
import type { Clock } from '@kvasir/service';
import type { RequestId } from '@kvasir/units';

/** What became of a request that waited. */
export type Settled = Extract<SchedulerEffect, { kind: 'placed' | 'refused' }>;

export interface WaitingRoomParts {
  readonly clock: Clock;
  /** Takes a request out of the scheduler's queue; it is told of in turn. */
  readonly giveUp: (requestId: RequestId) => void;
  readonly waited: (durationMs: number) => void;
}

/** The callers whose requests wait in the scheduler's queue. */
export class WaitingRoom {
  readonly #parts: WaitingRoomParts;
  readonly #callers = new Map<RequestId, (settled: Settled) => void>();

  constructor(parts: WaitingRoomParts) {
    this.#parts = parts;
  }

  /** Resolves when the scheduler has settled the request; when the signal comes first, the request is given up. */
  enter(requestId: RequestId, signal: AbortSignal | undefined): Promise<Settled> {
    const { clock, giveUp, waited } = this.#parts;
    const sinceMs = clock.nowMs();
    return new Promise((resolve) => {
      const leave = (): void => giveUp(requestId);
      this.#callers.set(requestId, (settled) => {
        signal?.removeEventListener('abort', leave);
        waited(clock.nowMs() - sinceMs);
        resolve(settled);
      });
      if (signal?.aborted === true) leave();
      else signal?.addEventListener('abort', leave, { once: true });
    });
  }

  /** Tells those whom a step of the scheduler has settled. */
  tell(effects: readonly SchedulerEffect[]): void {
    for (const effect of effects) {
      if (effect.kind !== 'placed' && effect.kind !== 'refused') continue;
      const caller = this.#callers.get(effect.requestId);
      this.#callers.delete(effect.requestId);
      caller?.(effect);
    }
  }

  /** Gives everybody up. */
  close(): void {
    for (const requestId of [...this.#callers.keys()]) this.#parts.giveUp(requestId);
  }
}
