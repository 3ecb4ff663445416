import { callEngine } from '@kvasir/engines';
import type { EngineClient, Handover, ServingRequest } from '@kvasir/engines';
import { dialectOf } from '@kvasir/engines';
import type { Logger } from '@kvasir/service';
import type { FrontendMetrics } from '../metrics.js';
import type { WorkerPool } from '../worker-pool.js';

/** Releases that may run at a time; beyond it blocks are left to their lease. */
export const RELEASES_MAX = 64;
/** How long one may take; about as long as the lease would. */
export const RELEASE_TIMEOUT_MS = 30_000;

/**
 * What happens to a hand-over whose client has left: a decode worker fetches it for one token, which frees the prefill worker's blocks at once
 * instead of after their lease. Runs after the request has ended; never fails it.
 */
export class HandoverReleases {
  readonly #decode: WorkerPool;
  readonly #engines: EngineClient;
  readonly #metrics: FrontendMetrics;
  readonly #logger: Logger;
  readonly #running = new Set<Promise<void>>();
  readonly #closing = new AbortController();

  constructor(parts: {
    readonly decode: WorkerPool;
    readonly engines: EngineClient;
    readonly metrics: FrontendMetrics;
    readonly logger: Logger;
  }) {
    this.#decode = parts.decode;
    this.#engines = parts.engines;
    this.#metrics = parts.metrics;
    this.#logger = parts.logger;
  }

  /** Begins to release; does not wait. */
  start(serving: ServingRequest, tokens: Uint32Array, handover: Handover): void {
    if (this.#running.size >= RELEASES_MAX || this.#closing.signal.aborted) {
      this.#metrics.releases.inc({ outcome: 'leftToLease' });
      return;
    }
    const release = this.#release(serving, tokens, handover)
      .then((outcome) => this.#metrics.releases.inc({ outcome }))
      .catch((error: unknown) => this.#logger.error({ error }, 'hand-over release failed'))
      .finally(() => this.#running.delete(release));
    this.#running.add(release);
  }

  /** Gives up what still runs and waits until its bookings are freed. */
  async close(): Promise<void> {
    this.#closing.abort();
    await Promise.all([...this.#running]);
  }

  async #release(
    serving: ServingRequest,
    tokens: Uint32Array,
    handover: Handover,
  ): Promise<'fetched' | 'leftToLease'> {
    const signal = AbortSignal.any([this.#closing.signal, AbortSignal.timeout(RELEASE_TIMEOUT_MS)]);
    const choice = await this.#decode.book(
      {
        bookingId: serving.requestId,
        requestId: serving.requestId,
        patienceMs: 0,
        tokens,
        cacheSalt: null,
        model: serving.request.model,
        excludedWorkerIds: this.#decode.directory.workersOtherThan(new Set([handover.dialect])),
        overrides: { overlapScoreCredit: 0, trackPrefillTokens: false, assumeKvReuse: false },
      },
      { signal, hasEnded: () => signal.aborted, remainingMs: () => RELEASE_TIMEOUT_MS },
    );
    if (choice.kind !== 'booked') return 'leftToLease';
    const { booking } = choice;
    const { decision, rank, watch } = booking;
    try {
      const leg = dialectOf(decision.dialect).handover?.releaseLeg(serving, handover, rank) ?? null;
      if (leg === null || decision.dialect !== handover.dialect) return 'leftToLease';
      const answer = await callEngine(this.#engines, decision, leg, { signal });
      if (answer.kind === 'ok') watch.ended({ kind: 'succeeded' });
      return answer.kind === 'ok' ? 'fetched' : 'leftToLease';
    } finally {
      // Nobody waits for it: what becomes of it otherwise says nothing of the worker.
      watch.ended({ kind: 'givenUp' });
      booking.free();
    }
  }
}
