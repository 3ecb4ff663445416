import { encodeEngineLoad, subjects } from '@kvasir/contract';
import type { WorkerRecord } from '@kvasir/contract';
import type { EventPlane } from '@kvasir/event-plane';
import type { EngineWork } from '@kvasir/self-check';
import type { CancelTimer, Clock } from '@kvasir/service';
import type { EngineAccess, EngineHttp } from './engine-http.js';
import type { EngineLoads } from './engine-loads.js';
import type { WatchMetrics } from './watch-metrics.js';

export interface LoadReportParts {
  readonly eventPlane: EventPlane;
  readonly clock: Clock;
  readonly http: Pick<EngineHttp, 'loads'>;
  readonly engine: EngineAccess;
  readonly metrics: WatchMetrics;
  readonly loadMs: number;
  /** Told what the engine says that it has done, and how many requests it has, after each report. */
  readonly reported?: ((work: EngineWork | null, openRequests: number) => void) | undefined;
}

/** Asks an engine for its load again and again, and tells the routers what it says. */
export class LoadReports {
  readonly #record: WorkerRecord;
  readonly #parts: LoadReportParts;
  readonly #cancel: CancelTimer;
  #isAsking = false;
  #workDone = 0;
  #idleReports = 0;
  #isClosed = false;

  constructor(record: WorkerRecord, parts: LoadReportParts) {
    this.#record = record;
    this.#parts = parts;
    this.#cancel = parts.clock.every(parts.loadMs, () => void this.#report());
  }

  /** How much the engine has done, as it counts; while it grows the engine works. */
  get workDone(): number {
    return this.#workDone;
  }

  /** Reports in a row in which no rank had anything to do. */
  get idleReports(): number {
    return this.#idleReports;
  }

  close(): void {
    this.#isClosed = true;
    this.#cancel();
  }

  /** One at a time: an engine that is slow to answer is asked less often. */
  async #report(): Promise<void> {
    if (this.#isAsking) return;
    this.#isAsking = true;
    try {
      const { endpoint, workerId, incarnation, rankStart, rankCount } = this.#record;
      const { eventPlane, http, engine, metrics, reported } = this.#parts;
      const { loads, workDone, work } = await http.loads(engine);
      if (this.#isClosed) return;
      this.#workDone = workDone ?? this.#workDone;
      reported?.(work, openRequests(loads));
      this.#idleReports = isIdle(loads) ? this.#idleReports + 1 : 0;
      metrics.loadReports.inc({ worker_id: workerId, outcome: loads.size > 0 ? 'sent' : 'unreadable' });
      for (const [rank, load] of loads) {
        if (rank < rankStart || rank >= rankStart + rankCount) continue;
        const report = encodeEngineLoad({ source: { workerId, incarnation, rank }, load });
        if (eventPlane.health().kind === 'connected')
          eventPlane.publish(subjects.engineLoads(endpoint, workerId), report);
      }
    } finally {
      this.#isAsking = false;
    }
  }
}

function isIdle(loads: EngineLoads): boolean {
  if (loads.size === 0) return false;
  return openRequests(loads) === 0;
}

function openRequests(loads: EngineLoads): number {
  return [...loads.values()].reduce(
    (sum, { runningRequests, waitingRequests }) => sum + runningRequests + waitingRequests,
    0,
  );
}
