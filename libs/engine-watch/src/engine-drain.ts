import type { WorkerRecord } from '@kvasir/contract';
import type { Clock } from '@kvasir/service';

/** Who wants that an engine gets nothing new. */
export type DrainCause =
  /** An operator, at the agent. */
  | 'operator'
  /** It is no longer among the engines to look after. */
  | 'removed'
  /** It takes nothing new itself: it stops. */
  | 'engine';

const REASONS = {
  operator: 'an operator has asked for it',
  removed: 'it is no longer in the engines file',
  engine: 'it takes nothing new itself',
} as const satisfies Record<DrainCause, string>;

/** Idle reports in a row after which nothing is on its way to an engine any more. */
const IDLE_REPORTS_MIN = 2;
/** A request that was routed before the drain may need so long to arrive. */
const ARRIVAL_MS = 2_000;

/** Why an engine gets nothing new, and since when. */
export class EngineDrain {
  readonly #clock: Clock;
  readonly #drainMs: number;
  readonly #causes = new Set<DrainCause>();
  #sinceMs = 0;

  /** @param drainMs after which what still runs is given up. */
  constructor(clock: Clock, drainMs: number) {
    this.#clock = clock;
    this.#drainMs = drainMs;
  }

  get isOn(): boolean {
    return this.#causes.size > 0;
  }

  /** As the engine's record tells it. */
  get fields(): Pick<WorkerRecord, 'isDraining' | 'isDrainedByOperator'> {
    return { isDraining: this.isOn, isDrainedByOperator: this.#causes.has('operator') ? true : undefined };
  }

  get reason(): string {
    return [...this.#causes].map((cause) => REASONS[cause]).join(', ');
  }

  set(cause: DrainCause, isOn: boolean): void {
    if (isOn && this.#causes.size === 0) this.#sinceMs = this.#clock.nowMs();
    if (isOn) this.#causes.add(cause);
    else this.#causes.delete(cause);
  }

  /** Whether an engine has had its time, or has said often enough that it has nothing to do. */
  isOver(idleReports: number): boolean {
    const forMs = this.#clock.nowMs() - this.#sinceMs;
    return forMs >= this.#drainMs || (forMs >= ARRIVAL_MS && idleReports >= IDLE_REPORTS_MIN);
  }
}
