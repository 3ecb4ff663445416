import type { DialectName, WorkerRecord } from '@kvasir/contract';
import { dialectOf } from '@kvasir/engines';
import type { EngineClient, EngineDialect, EngineLife } from '@kvasir/engines';
import { HealthWatch } from '@kvasir/router';
import type { LegWatch } from '@kvasir/router';
import { createRouterClient, RpcError } from '@kvasir/rpc';
import type { PoolHints, RouteDecision, RouterClient, RouterOverrides } from '@kvasir/rpc';
import type { CancelTimer, Clock, Logger } from '@kvasir/service';
import type { Incarnation, RequestId, WorkerId } from '@kvasir/units';
import type { HealthOptions } from '@kvasir/worker-health';
import type { EndpointDirectory } from './directory.js';
import type { FrontendMetrics, LegLabel } from './metrics.js';
import type { RequestScope } from './serving/request-scope.js';
import { probeWorker } from './probe-worker.js';

/** How often a router is told that a booking is over before that is left to the booking's time to live. */
const FREE_ATTEMPTS_MAX = 3;
/** How often workers are looked at: who is to be tried, who has fallen silent. */
const HEALTH_TICK_MS = 250;
/** How long a router that cannot be reached is asked last. */
const ROUTER_COOL_DOWN_MS = 1_000;

/** What a router is asked. */
export interface RouterQuery {
  /** Of the booking; unique among those that run. */
  readonly bookingId: RequestId;
  /** Of the client's request: the same at each attempt. */
  readonly requestId: RequestId;
  /** How long its worker may well say nothing before the first byte, in ms. */
  readonly patienceMs: number;
  readonly tokens: Uint32Array;
  readonly cacheSalt: string | null;
  /** As the client names it: a model, or an adapter of one. */
  readonly model: string;
  /** Workers that have failed this request. */
  readonly excludedWorkerIds: readonly WorkerId[];
  readonly overrides?: RouterOverrides | undefined;
  readonly expectedOutputTokens?: number | undefined;
  readonly poolHints?: PoolHints | undefined;
}

/** The part of a request's life that asking a router needs. */
export type HopScope = Pick<RequestScope, 'hasEnded' | 'remainingMs' | 'signal'>;

/** A worker that was booked for a leg. */
export interface RouterBooking {
  readonly decision: RouteDecision;
  readonly dialect: EngineDialect;
  readonly rank: number | null;
  /** Is to be told what comes back, and how it ends. */
  readonly watch: LegWatch;
  /** Tells the router that the prompt is computed; does not wait for it. */
  readonly firstToken: () => void;
  /** Tells the router that the leg is over, however it ended; does not wait for it. To be called once. */
  readonly free: () => void;
}

export type RouterChoice =
  | { readonly kind: 'booked'; readonly booking: RouterBooking }
  /** No router answers, or it knows no worker that could take the request. */
  | { readonly kind: 'unavailable'; readonly code: string; readonly reason: string }
  | { readonly kind: 'ended' };

export interface RouterHopParts {
  /** Which leg it is for, in log lines. */
  readonly leg: LegLabel;
  readonly directory: EndpointDirectory;
  readonly engines: EngineClient;
  readonly clock: Clock;
  readonly logger: Logger;
  readonly metrics: FrontendMetrics;
  readonly timeoutMs: number;
  /** Whether a worker may be asked at a URL that a router names; absent: all may. */
  readonly allowsUrl?: ((url: string) => boolean) | undefined;
  readonly health: HealthOptions;
}

/**
 * Asks the routers of an endpoint for workers. All frontends ask the same one, the first by id, so that its bookings show all the load; the others
 * stand by. Their router does not see the legs, so workers are judged here, and those that are set aside are asked for only when nobody else is left.
 */
export class RouterHop {
  readonly #parts: RouterHopParts;
  readonly #clients = new Map<string, RouterClient>();
  readonly #unreachableUntilMs = new Map<string, number>();
  readonly #health: HealthWatch;
  readonly #cancelTick: CancelTimer;
  readonly #known = new Map<WorkerId, Incarnation>();
  readonly #frees = new Set<Promise<void>>();
  /** Workers that were told to finish, at this frontend alone, with the life that was meant. */
  readonly #drained = new Map<WorkerId, WorkerRecord['incarnation']>();

  get directory(): EndpointDirectory {
    return this.#parts.directory;
  }

  constructor(parts: RouterHopParts) {
    this.#parts = parts;
    const { leg, directory, clock, logger, metrics, engines } = parts;
    this.#health = new HealthWatch({
      ...{ clock, options: parts.health, logger },
      probe: async (workerId) => {
        const worker = directory.worker(workerId);
        return worker === null || (await probeWorker(engines, worker));
      },
      serving: () => directory.serving.map(({ workerId }) => workerId).filter((id) => !this.#drained.has(id)),
      changed: () => metrics.setAsideWorkers.set({ leg }, this.#health.passedOver.size),
      setAside: (reason) => metrics.setAsides.inc({ leg, reason }),
      failed: () => undefined,
    });
    this.#cancelTick = clock.every(HEALTH_TICK_MS, () => this.#health.tick());
  }

  /** True while there is a router, and a worker for this model. */
  isAvailable(model: string): boolean {
    const { directory } = this.#parts;
    return directory.routers.length > 0 && directory.serves(model);
  }

  /** Every dialect that a worker which takes new work speaks. */
  get dialects(): ReadonlySet<DialectName> {
    return this.#parts.directory.dialects;
  }

  /** Workers that take new work and speak none of these. */
  workersOtherThan(dialects: ReadonlySet<DialectName>): readonly WorkerId[] {
    return this.#parts.directory.workersOtherThan(dialects);
  }

  /** Chooses a worker and books the leg on it. Never rejects. */
  async book(query: RouterQuery, scope: HopScope): Promise<RouterChoice> {
    let last: RouterChoice = NO_ROUTER;
    for (const { address } of this.#routersInOrder()) {
      if (scope.hasEnded()) return { kind: 'ended' };
      const client = this.#client(address);
      const answer = await this.#askForBest(client, query, scope);
      if (!(answer instanceof RpcError)) this.#unreachableUntilMs.delete(address);
      if (!(answer instanceof RpcError)) return this.#booked(client, query, answer);
      // Unless the router itself said no, it may have booked before the answer was lost.
      if (!answer.code.startsWith('SCHED_')) this.#free(address, query.bookingId);
      if (scope.hasEnded()) return { kind: 'ended' };
      last = { kind: 'unavailable', code: answer.code, reason: answer.message };
      this.#parts.logger.warn({ leg: this.#parts.leg, address, code: answer.code }, 'router chose nobody');
      if (answer.grpcStatus !== 'UNAVAILABLE' && answer.grpcStatus !== 'DEADLINE_EXCEEDED') return last;
      this.#unreachableUntilMs.set(address, this.#parts.clock.nowMs() + ROUTER_COOL_DOWN_MS);
    }
    return last;
  }

  /** Addresses of routers that did not answer when they were last asked. */
  silentRouters(): ReadonlySet<string> {
    return new Set(this.#unreachableUntilMs.keys());
  }

  /** What tells when a worker leaves the list; null while it is not in the list. */
  lifeOf(workerId: WorkerId): EngineLife | null {
    return this.#parts.directory.lifeOf(workerId);
  }

  /** Asks for a worker no more, or again. @returns false for one that is not registered. */
  setDraining(workerId: WorkerId, isDraining: boolean): boolean {
    const worker = this.#parts.directory.worker(workerId);
    if (worker === null) return false;
    if (isDraining) this.#drained.set(workerId, worker.incarnation);
    else this.#drained.delete(workerId);
    this.#parts.logger.info({ workerId, isDraining }, 'worker told to drain, or not to');
    this.#health.refresh();
    return true;
  }

  /** True for a worker that was told to finish here. */
  isDraining(workerId: WorkerId): boolean {
    return this.#drained.has(workerId);
  }

  /** Follows who is there: forgets routers and workers that are gone. */
  refresh(): void {
    for (const [workerId, incarnation] of this.#drained)
      if (this.#parts.directory.worker(workerId)?.incarnation !== incarnation) this.#drained.delete(workerId);
    this.#followWorkers();
    const known = this.#parts.directory.addresses;
    for (const [address, client] of this.#clients) {
      if (known.has(address)) continue;
      this.#clients.delete(address);
      this.#unreachableUntilMs.delete(address);
      // What runs over it has its own deadline; closing waits for it.
      void Promise.allSettled([...this.#frees]).then(() => client.close());
    }
  }

  /** Resolves when every booking that was given up is freed or left to expire. */
  async close(): Promise<void> {
    this.#cancelTick();
    await Promise.allSettled([...this.#frees]);
    for (const client of this.#clients.values()) client.close();
    this.#clients.clear();
  }

  #routersInOrder(): readonly { readonly address: string }[] {
    const { directory, clock } = this.#parts;
    if (this.#unreachableUntilMs.size === 0) return directory.routers;
    const nowMs = clock.nowMs();
    const isAway = (address: string): number =>
      (this.#unreachableUntilMs.get(address) ?? 0) > nowMs ? 1 : 0;
    return directory.routers.toSorted((a, b) => isAway(a.address) - isAway(b.address));
  }

  #client(address: string): RouterClient {
    const known = this.#clients.get(address);
    if (known !== undefined) return known;
    const client = createRouterClient(address, { deadlineMs: this.#parts.timeoutMs });
    this.#clients.set(address, client);
    return client;
  }

  /** Without those that are passed over; with them when nobody else can take it. */
  async #askForBest(
    client: RouterClient,
    query: RouterQuery,
    scope: HopScope,
  ): Promise<RouteDecision | RpcError> {
    const { passedOver } = this.#health;
    const excluded = [
      ...query.excludedWorkerIds,
      ...this.#drained.keys(),
      ...this.#parts.directory.workersWithout(query.model),
    ];
    if (passedOver.size === 0) return await this.#ask(client, query, { scope, excluded });
    const answer = await this.#ask(client, query, { scope, excluded: [...excluded, ...passedOver] });
    if (!(answer instanceof RpcError) || !NOBODY_LEFT.has(answer.code) || scope.hasEnded()) return answer;
    const last = await this.#ask(client, query, { scope, excluded });
    if (!(last instanceof RpcError)) this.#parts.metrics.lastResorts.inc({ leg: this.#parts.leg });
    return last;
  }

  async #ask(
    client: RouterClient,
    query: RouterQuery,
    { scope, excluded }: { readonly scope: HopScope; readonly excluded: readonly WorkerId[] },
  ): Promise<RouteDecision | RpcError> {
    const served = this.#parts.directory.lookUp(query.model);
    try {
      return await client.findBestWorker(
        {
          requestId: query.bookingId,
          prompt: {
            tokens: query.tokens,
            cacheSalt: query.cacheSalt ?? undefined,
            model: served?.model ?? query.model,
            loraName: served?.loraName ?? undefined,
          },
          overrides: query.overrides,
          constraints: excluded.length === 0 ? undefined : { excludedWorkerIds: excluded },
          expectedOutputTokens: query.expectedOutputTokens,
          poolHints: query.poolHints,
        },
        { deadlineMs: Math.min(this.#parts.timeoutMs, scope.remainingMs()), signal: scope.signal },
      );
    } catch (error) {
      if (error instanceof RpcError) return error;
      throw error;
    }
  }

  #booked(
    client: RouterClient,
    { bookingId, requestId, patienceMs }: RouterQuery,
    decision: RouteDecision,
  ): RouterChoice {
    const dialect = dialectOf(decision.dialect);
    // A router of pools books in one of them: that one is told of the rest.
    const holder = decision.routerAddress ?? client.address;
    const free = (): void => this.#free(holder, bookingId);
    const firstToken = (): void => {
      // Without it the prompt counts until the booking is freed.
      this.#client(holder)
        .markPrefillComplete(bookingId)
        .catch(() => undefined);
    };
    if (this.#parts.allowsUrl?.(decision.url) === false) {
      free();
      const { workerId, url } = decision;
      this.#parts.logger.warn({ leg: this.#parts.leg, workerId, url }, 'the URL of a worker is not allowed');
      const reason = `The router chose worker ${workerId}, whose URL is not allowed here`;
      return { kind: 'unavailable', code: 'WORKER_URL_REFUSED', reason };
    }
    const rank = this.#parts.directory.rankOf(decision.workerId, decision.rank);
    const watch = this.#health.leg({ workerId: decision.workerId, requestId, patienceMs });
    return { kind: 'booked', booking: { decision, dialect, rank, watch, firstToken, free } };
  }

  /**
   * `Free` implies `MarkPrefillComplete`: one call instead of two, off the request's way. By address: a router that was off the list for a moment, and
   * forgotten here, still holds the booking.
   */
  #free(address: string, bookingId: RequestId): void {
    const free = this.#tryFree(address, bookingId).finally(() => this.#frees.delete(free));
    this.#frees.add(free);
  }

  async #tryFree(address: string, bookingId: RequestId): Promise<void> {
    for (let attempt = 1; ; attempt += 1) {
      try {
        await this.#client(address).free(bookingId);
        return;
      } catch (error) {
        if (attempt < FREE_ATTEMPTS_MAX) continue;
        this.#parts.metrics.unfreedBookings.inc();
        this.#parts.logger.warn({ error, requestId: bookingId, address }, 'booking not freed');
        return;
      }
    }
  }

  #followWorkers(): void {
    const { serving } = this.#parts.directory;
    const gone = new Set(this.#known.keys());
    for (const { workerId, incarnation } of serving) {
      gone.delete(workerId);
      if (this.#known.get(workerId) === incarnation) continue;
      this.#known.set(workerId, incarnation);
      this.#health.join(workerId);
    }
    for (const workerId of gone) {
      this.#known.delete(workerId);
      this.#health.leave(workerId);
    }
    this.#health.refresh();
  }
}

/** A router's ways to say that it knows workers, but none of those that it may take. */
const NOBODY_LEFT: ReadonlySet<string> = new Set(['SCHED_NO_ELIGIBLE_TARGETS', 'POOL_NONE_ELIGIBLE']);

const NO_ROUTER: RouterChoice = {
  kind: 'unavailable',
  code: 'NO_ROUTER',
  reason: 'No router is registered',
};
