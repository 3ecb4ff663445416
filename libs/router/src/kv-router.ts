import type { PromptBlocks } from '@kvasir/block-hash';
import { formatEndpointName } from '@kvasir/contract';
import type { WorkerRecord } from '@kvasir/contract';
import type { EndpointView, Lease, RegistryWatch } from '@kvasir/registry';
import { unheardFinding } from '@kvasir/self-check';
import type { Finding } from '@kvasir/self-check';
import type { OverlapScore, PotentialLoad, Scheduler, SchedulerEffect } from '@kvasir/scheduler';
import type { CancelTimer, Component, DrainReport } from '@kvasir/service';
import type { RequestId, WorkerId } from '@kvasir/units';
import { HEALTH_OPTIONS_DEFAULT } from '@kvasir/worker-health';
import { CacheView } from './cache-view/cache-view.js';
import { hashedPrompt } from './cache-view/hashed-prompt.js';
import type { KvRouterOptions } from './kv-router-options.js';
import { LoadView } from './load-view/load-view.js';
import { PoolScheduler } from './pool-scheduler.js';
import type { Prompt, RouteOutcome, RouteRequest, WaitOptions } from './route-messages.js';
import { claimBlockSize } from './targets/pool-claim.js';
import type { LegStart, LegWatch } from './targets/leg-watch.js';
import { PoolTargets } from './targets/pool-targets.js';
import { collectMetrics } from './telling/collect-metrics.js';
import type { Measured } from './telling/collect-metrics.js';
import { dumpedChains } from './telling/dumped-chains.js';
import type { DumpedChain } from './telling/dumped-chains.js';
import { createRouterMetrics } from './telling/metrics.js';
import type { RouterMetrics } from './telling/metrics.js';
import { poolReport, PoolReports } from './telling/pool-reports.js';
import { NO_WORKERS, routeOutcome } from './telling/route-outcome.js';
import { WaitingRoom } from './waiting/waiting-room.js';

/** How often bookings are looked through for expiry and workers set aside are tried again. */
const TICK_MS = 250;
/** Readiness waits this long for sets that are being recovered; after it the router serves with what it has. */
export const RECOVERY_WAIT_MS = 5_000;

/**
 * A router that a program can embed: follows the workers of one endpoint and what their caches hold, and decides where requests go.
 * The deciding is `Scheduler`; this is its shell. `route` is synchronous, so no two requests see the same free slot.
 */
export class KvRouter implements Component {
  readonly name: string;
  readonly #options: KvRouterOptions;
  readonly #metrics: RouterMetrics;
  readonly #scheduler: PoolScheduler;
  readonly #room: WaitingRoom;
  readonly #targets: PoolTargets;
  readonly #cache: CacheView;
  readonly #loads: LoadView;
  #poolReports: PoolReports | null = null;
  #blockSize: number | null;
  #watch: RegistryWatch | null = null;
  #claim: Lease | null = null;
  #cancelTick: CancelTimer | null = null;
  #startedAtMs = 0;
  #hasView = false;

  constructor(options: KvRouterOptions) {
    this.name = `router of ${formatEndpointName(options.endpoint)}`;
    this.#options = options;
    this.#blockSize = options.blockSize;
    this.#metrics = createRouterMetrics(options.metrics, (to) => collectMetrics(to, this.#measured()));
    this.#room = new WaitingRoom({
      clock: options.clock,
      giveUp: (requestId) => void this.free(requestId),
      waited: (durationMs) => this.#metrics.waitSeconds.observe(durationMs / 1000),
    });
    const scheduler = new PoolScheduler({
      options: options.scheduler,
      prng: options.prng,
      observe: (effects) => this.#room.tell(effects),
    });
    this.#scheduler = scheduler;
    this.#loads = new LoadView({
      ...options,
      scheduler,
      syncsReplicas: options.syncsReplicas === true,
      worker: (workerId) => this.worker(workerId),
    });
    this.#cache = new CacheView({
      ...{ ...options, scheduler },
      evicted: (blockCount) => this.#metrics.evictedBlocks.inc(blockCount),
    });
    this.#targets = this.#createTargets();
  }

  /** @throws RouterError `ROUTER_BLOCK_SIZE_MISMATCH` when a block size is configured and the pool has another. */
  async start(): Promise<void> {
    const { registry, endpoint, clock, eventPlane: plane } = this.#options;
    this.#startedAtMs = clock.nowMs();
    this.#claim = await claimBlockSize(this.#options);
    await this.#cache.start();
    await this.#loads.start();
    this.#poolReports = new PoolReports({
      ...{ plane, clock, endpoint },
      report: () =>
        poolReport({
          ...{ ...this.#options, scheduler: this.#scheduler.now, engineLoads: this.#loads.engineLoads },
          usable: this.#targets.usable(),
        }),
    });
    this.#watch = registry.watch(endpoint, (view) => this.#apply(view));
    this.#cancelTick = clock.every(TICK_MS, () => this.#tick());
  }

  drain(): Promise<DrainReport> {
    return Promise.resolve({ abandonedRequests: 0 });
  }

  async close(): Promise<void> {
    this.#room.close();
    this.#cancelTick?.();
    this.#watch?.close();
    await this.#loads.close();
    this.#poolReports?.close();
    await this.#cache.close();
    await this.#claim?.release();
    this.#claim = null;
  }

  /** Chooses a worker, and books the request on it when it has an id. */
  route(request: RouteRequest): RouteOutcome {
    return this.#answer(request, this.#decide(request, undefined));
  }

  /** As `route`; while every worker that could take the request has more to do than it may, it waits, until its caller has left or `free`. */
  routeOrWait(request: RouteRequest, wait: WaitOptions): RouteOutcome | Promise<RouteOutcome> {
    const effect = this.#decide(request, wait);
    if (effect.kind !== 'queued') return this.#answer(request, effect);
    this.#metrics.waits.inc();
    return this.#room
      .enter(effect.requestId, wait.left?.())
      .then((settled) => this.#answer(request, settled));
  }

  /** @returns false when no such booking is known. */
  markPrefillComplete(requestId: RequestId): boolean {
    this.#loads.sync?.changed();
    return this.#scheduler.step({ kind: 'prefillCompleted', requestId })[0]?.kind === 'prefillMarked';
  }

  addOutputTokens(requestId: RequestId, tokenCount: number): void {
    this.#scheduler.step({ kind: 'outputTokens', requestId, tokenCount });
    this.#loads.sync?.changed();
  }

  /** @returns false when no such booking is known. */
  free(requestId: RequestId): boolean {
    this.#loads.sync?.changed();
    return this.#scheduler.step({ kind: 'freed', requestId })[0]?.kind === 'released';
  }

  potentialLoads(prompt: Prompt): readonly PotentialLoad[] {
    const scheduler = this.#scheduler.now;
    return scheduler?.potentialLoads(this.#hashed(prompt, scheduler)) ?? [];
  }

  overlapScores(prompt: Prompt): readonly OverlapScore[] {
    const scheduler = this.#scheduler.now;
    return scheduler?.overlapScores(this.#hashed(prompt, scheduler)) ?? [];
  }

  /** The index as chains that rebuild it; parents that are held come before their children. The index must not change meanwhile. */
  dumpEvents(): IterableIterator<DumpedChain> {
    return this.#scheduler.now === null ? [].values() : dumpedChains(this.#scheduler.now);
  }

  workers(): readonly WorkerRecord[] {
    return this.#targets.all();
  }

  /** Gives a worker nothing new, or again, at this router alone. @returns false for one that is not registered. */
  setDraining(workerId: WorkerId, isDraining: boolean): boolean {
    return this.#targets.setDraining(workerId, isDraining);
  }

  /** True for a worker that gets nothing new, at its own wish or as it was told here. */
  isDraining(worker: WorkerRecord): boolean {
    return this.#targets.isDraining(worker);
  }

  /** Null for a worker that is not registered now. */
  worker(workerId: WorkerId): WorkerRecord | null {
    return this.#targets.get(workerId);
  }

  /** Model that the pool serves; null while nobody has said. */
  model(): string | null {
    return this.#watch?.view().pool?.model ?? null;
  }

  /** Requests booked now. */
  bookingCount(): number {
    return this.#scheduler.now?.bookingCount ?? 0;
  }

  /** Tokens per block; null until a worker or the configuration has said. */
  blockSize(): number | null {
    return this.#blockSize;
  }

  /** What is wrong with what this router is told. */
  findings(): readonly Finding[] {
    const unheard = new Set<WorkerId>();
    for (const { source, state } of this.#cache.subscriber.states())
      if (state.phase !== 'live') unheard.add(source.workerId);
    return [...unheard].flatMap((workerId) => {
      const worker = this.worker(workerId);
      return worker === null ? [] : [unheardFinding(worker)];
    });
  }

  /** Why requests should not come yet; null when they may. */
  notReadyReason(): string | null {
    const { endpoint, clock } = this.#options;
    if (!this.#hasView) return 'the registry has not answered yet';
    if (this.workers().length === 0) return `no worker is registered at ${formatEndpointName(endpoint)}`;
    if (this.#loads.sync?.hasJoined === false) return 'the other routers are asked for their bookings';
    if (this.#cache.durable?.isCaughtUp === false) return 'the event log is being read';
    const waitedMs = clock.nowMs() - this.#startedAtMs;
    if (!this.#cache.subscriber.isSettled() && waitedMs < RECOVERY_WAIT_MS)
      return 'the KV index is being recovered';
    return null;
  }

  isReady(): boolean {
    return this.notReadyReason() === null;
  }

  /** A booked request goes to its worker. Whoever sends it tells what comes back, and how it ends: by that workers are judged. */
  leg(start: LegStart): LegWatch {
    return this.#targets.leg(start);
  }

  #createTargets(): PoolTargets {
    return new PoolTargets({
      ...{ ...this.#options, scheduler: this.#scheduler },
      health: this.#options.health ?? HEALTH_OPTIONS_DEFAULT,
      engineLoads: () => this.#loads.engineLoads,
      changing: () => this.#cache.targetsChanged(),
      appeared: (worker) => this.#cache.follow(worker),
      gone: (workerId) => {
        this.#cache.unfollow(workerId);
        this.#loads.engineLoads?.forget(workerId);
        this.#metrics.workerFailures.remove({ worker_id: workerId });
      },
      failed: (workerId) => {
        // Legs may outlive their worker's record: its series has gone with it.
        if (this.worker(workerId) !== null) this.#metrics.workerFailures.inc({ worker_id: workerId });
      },
      setAside: (reason) => this.#metrics.setAsides.inc({ reason }),
    });
  }

  #decide(request: RouteRequest, wait: WaitOptions | undefined): SchedulerEffect {
    const scheduler = this.#scheduler.now;
    if (scheduler === null) return NO_WORKERS;
    const nowMs = this.#options.clock.nowMs();
    const { requestId, caller, overrides, loraName } = request;
    const [effect = NO_WORKERS] = this.#scheduler.step({
      kind: 'route',
      requestId,
      caller,
      prompt: this.#hashed(request, scheduler),
      overrides,
      constraints: loraName === undefined ? request.constraints : { ...request.constraints, loraName },
      ...(wait === undefined ? {} : { wait: { priority: wait.priority } }),
      nowMs,
    });
    this.#metrics.routeSeconds.observe((this.#options.clock.nowMs() - nowMs) / 1000);
    return effect;
  }

  #answer(request: RouteRequest, effect: SchedulerEffect): RouteOutcome {
    const outcome = routeOutcome(effect, (workerId) => this.worker(workerId));
    this.#metrics.decisions.inc({ outcome: outcome.kind === 'routed' ? 'routed' : outcome.code });
    if (outcome.kind === 'routed' && request.requestId !== null) {
      if (this.#targets.isPassedOver(outcome.decision.workerId)) this.#metrics.lastResorts.inc();
      this.#metrics.promptBlocks.inc(outcome.decision.promptBlocks);
      this.#metrics.overlapBlocks.inc(outcome.decision.overlapBlocks);
      this.#loads.sync?.changed();
    }
    return outcome;
  }

  #hashed(prompt: Prompt, { blockSize }: Scheduler): PromptBlocks {
    return hashedPrompt(prompt, blockSize, () => this.workers()[0]?.dialect ?? null);
  }

  #apply(view: EndpointView): void {
    if (this.#scheduler.now === null && view.pool !== null && view.workers.length > 0)
      this.#learn(view.pool.blockSize);
    this.#targets.update(view);
    if (!this.#hasView) this.#cache.firstViewCame();
    this.#hasView = true;
  }

  #learn(blockSize: number): void {
    this.#blockSize = blockSize;
    this.#cache.durable?.blockSizeKnown(blockSize);
    this.#scheduler.begin(blockSize);
    this.#loads.schedulerBegan();
    this.#options.logger.info({ blockSize }, 'block size known');
  }

  #tick(): void {
    const nowMs = this.#options.clock.nowMs();
    for (const effect of this.#scheduler.step({ kind: 'tick', nowMs })) {
      if (effect.kind !== 'expired') continue;
      this.#metrics.expiredBookings.inc(effect.requestIds.length);
      this.#options.logger.warn({ requestIds: effect.requestIds }, 'bookings expired: nobody freed them');
    }
    this.#targets.tick();
  }

  #measured(): Measured {
    return {
      ...this.#options,
      scheduler: this.#scheduler.now,
      knownWorkers: this.workers().length,
      setAsideWorkers: this.#targets.setAsideCount,
      distrustedWorkers: this.#targets.distrustedCount,
      fullWorkers: this.#targets.fullCount,
      engineLoads: this.#loads.engineLoads,
      subscriber: this.#cache.subscriber,
      sync: this.#loads.sync,
      durable: this.#cache.durable,
    };
  }
}
