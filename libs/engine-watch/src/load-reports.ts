import { encodeEngineLoad, subjects } from '@kvasir/contract';
import type { WorkerRecord } from '@kvasir/contract';
import type { EventPlane } from '@kvasir/event-plane';
import type { CancelTimer, Clock } from '@kvasir/service';
import type { EngineHttp } from './engine-http.js';
import type { WatchMetrics } from './watch-metrics.js';

export interface LoadReportParts {
  readonly eventPlane: EventPlane;
  readonly clock: Clock;
  readonly http: EngineHttp;
  readonly metrics: WatchMetrics;
  readonly loadMs: number;
}

/** Asks an engine for its load again and again, and tells the routers what it says. */
export class LoadReports {
  readonly #record: WorkerRecord;
  readonly #parts: LoadReportParts;
  readonly #cancel: CancelTimer;
  #isAsking = false;
  #isClosed = false;

  constructor(record: WorkerRecord, parts: LoadReportParts) {
    this.#record = record;
    this.#parts = parts;
    this.#cancel = parts.clock.every(parts.loadMs, () => void this.#report());
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
      const { endpoint, workerId, incarnation, url, dialect, rankStart, rankCount } = this.#record;
      const { eventPlane, http, metrics } = this.#parts;
      const loads = await http.loads(url, dialect);
      if (this.#isClosed) return;
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
