import type { WorkerRecord } from '@kvasir/contract';
import type { CancelTimer, Clock } from '@kvasir/service';

/** How often a worker whose lease has lapsed is asked whether it is still there. */
const ASK_AGAIN_MS = 1_000;

export type StillAnswers = (worker: WorkerRecord) => Promise<boolean> | true;

export interface LapsedWorkersOptions {
  readonly clock: Clock;
  /** Whether the engine itself answers; true keeps it without asking. Never rejects. */
  readonly stillAnswers: StillAnswers;
  /** How long after its lease a worker is kept at most. */
  readonly keepMs: number;
  /** Called when a worker is kept: once each time that its lease lapses. */
  readonly kept: (worker: WorkerRecord) => void;
  /** Somebody is not kept any more, or is from now on. */
  readonly changed: () => void;
}

interface Lapsed {
  state: 'asked' | 'answers' | 'gone';
  cancel: CancelTimer | null;
}

/**
 * Workers whose leases have lapsed. Whoever renews a lease may stand still while the engine serves on, so the engine is asked before it is given up, and again
 * for as long as it may be kept.
 */
export class LapsedWorkers {
  readonly #options: LapsedWorkersOptions;
  readonly #lapsed = new Map<string, Lapsed>();
  #isClosed = false;

  constructor(options: LapsedWorkersOptions) {
    this.#options = options;
  }

  /** Whether a worker stays for now. @param wasThere it was in the last view: then it stays until it is known whether it answers. */
  keeps(worker: WorkerRecord, lapsedAtMs: number, wasThere: boolean): boolean {
    if (this.#isOver(lapsedAtMs)) return false;
    const known = this.#lapsed.get(worker.workerId);
    if (known === undefined) {
      const begun = this.#begin(worker);
      this.#ask(worker, lapsedAtMs, begun);
      return wasThere || begun.state === 'answers';
    }
    return known.state === 'answers' || (known.state === 'asked' && wasThere);
  }

  /** Its lease is renewed, or its record is gone. */
  forget(workerId: string): void {
    this.#lapsed.get(workerId)?.cancel?.();
    this.#lapsed.delete(workerId);
  }

  close(): void {
    this.#isClosed = true;
    for (const id of [...this.#lapsed.keys()]) this.forget(id);
  }

  #begin({ workerId }: WorkerRecord): Lapsed {
    const lapsed: Lapsed = { state: 'asked', cancel: null };
    this.#lapsed.set(workerId, lapsed);
    return lapsed;
  }

  #ask(worker: WorkerRecord, lapsedAtMs: number, lapsed: Lapsed): void {
    const answer = this.#options.stillAnswers(worker);
    if (answer === true) {
      lapsed.state = 'answers';
      return;
    }
    void answer.then((isThere) => {
      if (this.#isClosed || this.#lapsed.get(worker.workerId) !== lapsed) return;
      const before = lapsed.state;
      lapsed.state = isThere ? 'answers' : 'gone';
      if (lapsed.state !== before) {
        if (isThere) this.#options.kept(worker);
        this.#options.changed();
      }
      lapsed.cancel = this.#options.clock.after(ASK_AGAIN_MS, () => {
        if (this.#isOver(lapsedAtMs)) this.#options.changed();
        else this.#ask(worker, lapsedAtMs, lapsed);
      });
    });
  }

  #isOver(lapsedAtMs: number): boolean {
    return this.#options.clock.nowMs() - lapsedAtMs >= this.#options.keepMs;
  }
}
