import { decodeEngineLoad, subjects } from '@kvasir/contract';
import type { EndpointName, EngineLoad, WorkerRecord } from '@kvasir/contract';
import type { EventPlane, Subscription } from '@kvasir/event-plane';
import type { Clock } from '@kvasir/service';
import type { Incarnation, WorkerId } from '@kvasir/units';

/** What was said longer ago counts as nothing said. */
export const LOAD_REPORT_TTL_MS = 5_000;
interface Said {
  readonly incarnation: Incarnation;
  readonly ranks: Map<number, { readonly load: EngineLoad; readonly atMs: number }>;
}

/** What the engines of an endpoint say of their own load, as far as it is fresh: it includes work that no router has sent them. */
export class EngineLoads {
  readonly #subscription: Subscription;
  readonly #clock: Clock;
  readonly #workers = new Map<WorkerId, Said>();
  readonly #worker: (workerId: WorkerId) => WorkerRecord | null;
  #malformedMessages = 0;
  #foreignMessages = 0;

  /** @param parts.worker the record of a worker that is registered now: nothing is kept of others, nor of another life or rank of it. */
  constructor(parts: {
    readonly plane: EventPlane;
    readonly endpoint: EndpointName;
    readonly clock: Clock;
    readonly worker: (workerId: WorkerId) => WorkerRecord | null;
  }) {
    this.#clock = parts.clock;
    this.#worker = parts.worker;
    this.#subscription = parts.plane.subscribe(subjects.engineLoadsOfAll(parts.endpoint), ({ payload }) =>
      this.#take(payload),
    );
  }

  get malformedMessages(): number {
    return this.#malformedMessages;
  }

  /** Reports of nobody who is registered. */
  get foreignMessages(): number {
    return this.#foreignMessages;
  }

  /** Null when nothing fresh was said. */
  of(workerId: WorkerId, rank: number): EngineLoad | null {
    const said = this.#workers.get(workerId)?.ranks.get(rank);
    return said === undefined || this.#clock.nowMs() - said.atMs > LOAD_REPORT_TTL_MS ? null : said.load;
  }

  forget(workerId: WorkerId): void {
    this.#workers.delete(workerId);
  }

  close(): void {
    this.#subscription.unsubscribe();
  }

  #take(payload: Uint8Array): void {
    const read = decodeEngineLoad(payload);
    if (read.kind === 'malformed') {
      this.#malformedMessages += 1;
      return;
    }
    const { source, load } = read.report;
    const { workerId, incarnation, rank } = source;
    const record = this.#worker(workerId);
    const isOurs =
      record?.incarnation === incarnation &&
      rank >= record.rankStart &&
      rank < record.rankStart + record.rankCount;
    if (!isOurs) {
      this.#foreignMessages += 1;
      return;
    }
    const known = this.#workers.get(workerId);
    const said = known?.incarnation === incarnation ? known : this.#begin(workerId, incarnation);
    said.ranks.set(rank, { load, atMs: this.#clock.nowMs() });
  }

  #begin(workerId: WorkerId, incarnation: Incarnation): Said {
    const said: Said = { incarnation, ranks: new Map() };
    this.#workers.set(workerId, said);
    return said;
  }
}
