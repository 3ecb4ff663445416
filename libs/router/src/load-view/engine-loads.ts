import { compareIncarnations, decodeEngineLoad, subjects } from '@kvasir/contract';
import type { EndpointName, EngineLoad } from '@kvasir/contract';
import type { EventPlane, Subscription } from '@kvasir/event-plane';
import type { Clock } from '@kvasir/service';
import type { Incarnation, WorkerId } from '@kvasir/units';

/** What was said longer ago counts as nothing said. */
export const LOAD_REPORT_TTL_MS = 5_000;
/** Workers whose reports are kept; of others they are dropped, for nobody asks for them. */
const WORKERS_MAX = 16_384;

interface Said {
  readonly incarnation: Incarnation;
  readonly ranks: Map<number, { readonly load: EngineLoad; readonly atMs: number }>;
}

/** What the engines of an endpoint say of their own load, as far as it is fresh: it includes work that no router has sent them. */
export class EngineLoads {
  readonly #subscription: Subscription;
  readonly #clock: Clock;
  readonly #workers = new Map<WorkerId, Said>();
  #malformedMessages = 0;

  constructor(parts: { readonly plane: EventPlane; readonly endpoint: EndpointName; readonly clock: Clock }) {
    this.#clock = parts.clock;
    this.#subscription = parts.plane.subscribe(subjects.engineLoadsOfAll(parts.endpoint), ({ payload }) =>
      this.#take(payload),
    );
  }

  get malformedMessages(): number {
    return this.#malformedMessages;
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
    const known = this.#workers.get(source.workerId);
    if (known !== undefined && compareIncarnations(source.incarnation, known.incarnation) === 'older') return;
    const said = known?.incarnation === source.incarnation ? known : this.#begin(source);
    said?.ranks.set(source.rank, { load, atMs: this.#clock.nowMs() });
  }

  #begin({ workerId, incarnation }: { workerId: WorkerId; incarnation: Incarnation }): Said | null {
    if (this.#workers.size >= WORKERS_MAX && !this.#workers.has(workerId)) return null;
    const said: Said = { incarnation, ranks: new Map() };
    this.#workers.set(workerId, said);
    return said;
  }
}
