import type { EngineClient } from '@kvasir/engines';
import type { EventPlane } from '@kvasir/event-plane';
import type { Registry } from '@kvasir/registry';
import { KvRouter } from '@kvasir/router';
import type {
  KvRouterOptions,
  LegWatch,
  RouteDecision as LocalDecision,
  RouteOutcome,
  RouteRequest,
} from '@kvasir/router';
import type { RouteDecision } from '@kvasir/rpc';
import type { SchedulerOptions } from '@kvasir/scheduler';
import type { Finding } from '@kvasir/self-check';
import { createMetrics } from '@kvasir/service';
import type { Clock, Logger, Metrics } from '@kvasir/service';
import type { Prng, RouterId, WorkerId } from '@kvasir/units';
import type { HealthOptions } from '@kvasir/worker-health';
import { EndpointDirectory } from './directory.js';
import type { FrontendMetrics } from './metrics.js';
import { probeWorker } from './probe-worker.js';
import { RouterHop } from './router-hop.js';
import type { HopScope, RouterQuery } from './router-hop.js';

export interface WorkerPoolParts {
  readonly namespace: string;
  readonly component: 'decode' | 'aggregated';
  readonly scheduler: Omit<SchedulerOptions, 'blockSize'>;
  readonly syncsReplicas: boolean;
  readonly openDurable?: KvRouterOptions['openDurable'];
  readonly engines: EngineClient;
  readonly registry: Registry;
  readonly eventPlane: EventPlane;
  readonly clock: Clock;
  readonly prng: Prng;
  readonly logger: Logger;
  readonly routerId: RouterId;
  readonly legMetrics: FrontendMetrics;
  readonly routerTimeoutMs: number;
  readonly allowsUrl?: ((url: string) => boolean) | undefined;
  readonly health: HealthOptions;
  readonly onChange: (directory: EndpointDirectory) => void;
}

/** A worker that was booked for a leg that generates. */
export interface GenerationBooking {
  readonly decision: RouteDecision;
  /** The rank to ask for; null when the worker has only one. */
  readonly rank: number | null;
  firstToken(): void;
  outputTokens(count: number): void;
  /** Is to be told what comes back, and how it ends. */
  readonly watch: LegWatch;
  /** The leg is over, however it ended. To be called once. */
  free(): void;
}

export type GenerationChoice =
  | { readonly kind: 'booked'; readonly booking: GenerationBooking }
  | { readonly kind: 'rejected'; readonly code: string; readonly message: string }
  | { readonly kind: 'ended' };

/**
 * Workers that generate, and who chooses among them: the embedded router, or, when a router of several pools is registered at the endpoint, that one.
 */
export class WorkerPool {
  readonly component: 'decode' | 'aggregated';
  readonly directory: EndpointDirectory;
  /** Of the embedded router; labelled `service="frontend_decode"` or `service="frontend_aggregated"`. */
  readonly metrics: Metrics;
  readonly #router: KvRouter;
  readonly #hop: RouterHop;

  constructor(parts: WorkerPoolParts) {
    const { component, namespace, engines } = parts;
    const endpoint = { namespace, component, endpoint: 'generate' };
    this.component = component;
    this.directory = new EndpointDirectory(parts.registry, endpoint, (directory) => {
      this.#hop.refresh();
      parts.onChange(directory);
    });
    this.metrics = createMetrics(`frontend_${component}`);
    this.#hop = new RouterHop({
      ...parts,
      leg: component,
      directory: this.directory,
      metrics: parts.legMetrics,
      timeoutMs: parts.routerTimeoutMs,
      health: parts.health,
    });
    this.#router = new KvRouter({
      endpoint,
      routerId: parts.routerId,
      blockSize: null,
      scheduler: parts.scheduler,
      health: parts.health,
      syncsReplicas: parts.syncsReplicas,
      openDurable: parts.openDurable,
      registry: parts.registry,
      eventPlane: parts.eventPlane,
      clock: parts.clock,
      prng: parts.prng,
      logger: parts.logger,
      metrics: this.metrics,
      probe: (worker) => probeWorker(engines, worker),
    });
  }

  async start(): Promise<void> {
    await this.#router.start();
    this.directory.start();
  }

  async close(): Promise<void> {
    await this.#hop.close();
    this.directory.close();
    await this.#router.close();
  }

  /** Why requests should not come yet; null when they may. */
  notReadyReason(): string | null {
    if (!this.directory.hasPools) return this.#router.notReadyReason();
    return this.directory.serving.length > 0
      ? null
      : `no pool has a worker that generates (${this.component})`;
  }

  /** Gives a worker nothing new, or again, at this frontend alone. @returns false for one that is not registered. */
  setDraining(workerId: WorkerId, isDraining: boolean): boolean {
    const isKnownHere = this.#router.setDraining(workerId, isDraining);
    return this.#hop.setDraining(workerId, isDraining) || isKnownHere;
  }

  /** True for a worker that was told to finish here. */
  isDraining(workerId: WorkerId): boolean {
    return this.#hop.isDraining(workerId);
  }

  /** What is wrong with what the embedded router sees. */
  findings(): readonly Finding[] {
    return this.directory.hasPools ? [] : this.#router.findings();
  }

  /** Legs booked by the embedded router now. */
  bookingCount(): number {
    return this.#router.bookingCount();
  }

  /** Chooses a worker and books the leg on it: at once by the embedded router, later by another one. Never rejects. */
  book(query: RouterQuery, scope: HopScope): GenerationChoice | Promise<GenerationChoice> {
    return this.directory.hasPools ? this.#bookRemotely(query, scope) : this.#bookHere(query, scope);
  }

  #bookHere(query: RouterQuery, scope: HopScope): GenerationChoice | Promise<GenerationChoice> {
    const { bookingId, tokens, cacheSalt, overrides, poolHints } = query;
    const nameless = this.directory.workersWithout(query.model);
    const excludedWorkerIds =
      nameless.length === 0 ? query.excludedWorkerIds : [...query.excludedWorkerIds, ...nameless];
    const request: RouteRequest = {
      requestId: bookingId,
      tokens,
      cacheSalt: cacheSalt ?? undefined,
      loraName: this.directory.lookUp(query.model)?.loraName ?? undefined,
      overrides,
      constraints: excludedWorkerIds.length === 0 ? undefined : { excludedWorkerIds },
    };
    const choice = (routed: RouteOutcome): GenerationChoice => {
      if (routed.kind === 'routed')
        return { kind: 'booked', booking: this.#localBooking(query, routed.decision) };
      return scope.hasEnded() ? { kind: 'ended' } : routed;
    };
    const routed = this.#router.routeOrWait(request, {
      priority: poolHints?.priority ?? 0,
      left: () => scope.signal,
    });
    return routed instanceof Promise ? routed.then(choice) : choice(routed);
  }

  #localBooking(
    { bookingId, requestId, patienceMs }: RouterQuery,
    decision: LocalDecision,
  ): GenerationBooking {
    const router = this.#router;
    return {
      decision: { ...decision, pool: null, routerAddress: null },
      rank: this.directory.rankOf(decision.workerId, decision.rank),
      firstToken: () => void router.markPrefillComplete(bookingId),
      outputTokens: (count) => router.addOutputTokens(bookingId, count),
      watch: router.leg({ workerId: decision.workerId, requestId, patienceMs }),
      free: () => void router.free(bookingId),
    };
  }

  async #bookRemotely(query: RouterQuery, scope: HopScope): Promise<GenerationChoice> {
    const choice = await this.#hop.book(query, scope);
    if (choice.kind === 'ended') return choice;
    if (choice.kind === 'unavailable') return { kind: 'rejected', code: choice.code, message: choice.reason };
    const { decision, rank, watch, firstToken, free } = choice.booking;
    return {
      kind: 'booked',
      // What the answer grows by is not told call by call: the router expects `expectedOutputTokens`.
      booking: { decision, rank, watch, firstToken, outputTokens: ignore, free },
    };
  }
}

const ignore = (): void => undefined;
