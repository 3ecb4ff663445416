import type { PromptBlocks } from '@kvasir/block-hash';
import { formatEndpointName } from '@kvasir/contract';
import type { EndpointName, KvChain, KvEventBatch, KvSource, PeerLoad, WorkerRecord } from '@kvasir/contract';
import { KvEventSubscriber } from '@kvasir/event-plane';
import type { KvEventSink } from '@kvasir/event-plane';
import type { EndpointView, Lease, RegistryWatch } from '@kvasir/registry';
import { Scheduler } from '@kvasir/scheduler';
import type { OverlapScore, PotentialLoad, SchedulerEffect, SchedulerInput } from '@kvasir/scheduler';
import type { CancelTimer, Component, DrainReport } from '@kvasir/service';
import type { RequestId, RouterId, WorkerId } from '@kvasir/units';
import { collectMetrics } from './collect-metrics.js';
import type { Measured } from './collect-metrics.js';
import { DurableIndex } from './durable-index.js';
import type { DurableParts } from './durable-index.js';
import { EngineLoads } from './engine-loads.js';
import { fullWorkers } from './full-workers.js';
import { RouterError } from './errors.js';
import { createRouterMetrics } from './metrics.js';
import type { RouterMetrics } from './metrics.js';
import type { KvRouterOptions } from './kv-router-options.js';
import type { Prompt, RouteOutcome, RouteRequest, WaitOptions } from './route-messages.js';
import { kvInput } from './kv-input.js';
import { hashedPrompt } from './hashed-prompt.js';
import { indexDump } from './index-dump.js';
import { poolReport, PoolReports } from './pool-reports.js';
import { ReplicaSync } from './replica-sync.js';
import { SetAside } from './set-aside.js';
import { NO_WORKERS, routeOutcome } from './route-outcome.js';
import { WaitingRoom } from './waiting-room.js';
import { ranksOf, targetsOf, Workers } from './workers.js';
import type { WorkerChange } from './workers.js';

/** How often bookings are looked through for expiry and workers set aside are tried again. */
const TICK_MS = 250;
/** How long a claimed block size outlives a router that died. */
const CLAIM_LEASE_MS = 10_000;
/** Readiness waits this long for sets that are being recovered; after it the router serves with what it has. */
export const RECOVERY_WAIT_MS = 5_000;

/** Blocks that one target holds, as one chain. */
export interface DumpedChain {
  readonly workerId: WorkerId;
  readonly rank: number;
  readonly parent: Uint32Array | null;
  readonly hashes: Uint32Array;
}

/**
 * A router that a program can embed: follows the workers of one endpoint and what their caches hold, and decides where requests go.
 * The deciding is `Scheduler`; this is its shell. `route` is synchronous, so no two requests see the same free slot.
 */
export class KvRouter implements Component {
  readonly name: string;
  readonly #options: KvRouterOptions;
  readonly #subscriber: KvEventSubscriber;
  readonly #workers = new Workers();
  readonly #setAside = new SetAside();
  readonly #metrics: RouterMetrics;
  readonly #room: WaitingRoom;
  readonly #sync: ReplicaSync | null;
  readonly #durable: DurableIndex | null;
  #engineLoads: EngineLoads | null = null;
  #poolReports: PoolReports | null = null;
  /** Workers that are passed over because their caches are full. */
  #full: ReadonlySet<WorkerId> = new Set();
  /** Loads of peers that came before the block size was known. */
  readonly #early = new Map<RouterId, readonly PeerLoad[]>();
  #scheduler: Scheduler | null = null;
  #blockSize: number | null;
  #watch: RegistryWatch | null = null;
  #claim: Lease | null = null;
  #cancelTick: CancelTimer | null = null;
  #startedAtMs = 0;
  #hasView = false;
  /** Changes of the index so far. */
  #indexRevision = 0;

  constructor(options: KvRouterOptions) {
    this.name = `router of ${formatEndpointName(options.endpoint)}`;
    this.#options = options;
    this.#blockSize = options.blockSize;
    this.#metrics = createRouterMetrics(options.metrics, (to) => collectMetrics(to, this.#measured()));
    const { clock, prng, endpoint, eventPlane, logger } = options;
    this.#room = new WaitingRoom({
      clock,
      giveUp: (requestId) => void this.free(requestId),
      waited: (durationMs) => this.#metrics.waitSeconds.observe(durationMs / 1000),
    });
    this.#durable = options.openDurable === undefined ? null : this.#createDurable(options.openDurable);
    this.#subscriber = new KvEventSubscriber({
      plane: eventPlane,
      clock,
      prng,
      endpoint,
      sink: this.#sink(),
      feed: this.#durable?.feed,
      seedOf: (source) => this.#durable?.takeSeed(source) ?? null,
      onTrouble: (trouble) => logger.warn({ trouble }, 'kv event trouble'),
    });
    this.#sync = options.syncsReplicas === true ? this.#createSync() : null;
  }

  /** @throws RouterError `ROUTER_BLOCK_SIZE_MISMATCH` when a block size is configured and the pool has another. */
  async start(): Promise<void> {
    const { registry, endpoint, routerId, clock } = this.#options;
    this.#startedAtMs = clock.nowMs();
    if (this.#blockSize !== null) {
      const claim = await registry.claimPool(
        { endpoint, model: null, blockSize: this.#blockSize },
        routerId,
        CLAIM_LEASE_MS,
      );
      if (claim.kind === 'refused') throw new RouterError('ROUTER_BLOCK_SIZE_MISMATCH', claim.message);
      this.#claim = claim.lease;
    }
    // With a log the first view comes first: what is in it is of workers that have to be known.
    if (this.#durable === null) await this.#subscriber.start();
    else await this.#durable.load();
    await this.#sync?.start();
    this.#engineLoads = new EngineLoads({ plane: this.#options.eventPlane, endpoint, clock });
    this.#poolReports = new PoolReports({
      ...{ plane: this.#options.eventPlane, clock, endpoint },
      report: () =>
        poolReport({
          ...{ ...this.#options, scheduler: this.#scheduler, engineLoads: this.#engineLoads },
          usable: this.#usableWorkers(),
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
    await this.#sync?.close();
    this.#engineLoads?.close();
    this.#poolReports?.close();
    await this.#subscriber.close();
    await this.#durable?.close();
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
    this.#sync?.changed();
    return this.#step({ kind: 'prefillCompleted', requestId })[0]?.kind === 'prefillMarked';
  }

  addOutputTokens(requestId: RequestId, tokenCount: number): void {
    this.#step({ kind: 'outputTokens', requestId, tokenCount });
    this.#sync?.changed();
  }

  /** @returns false when no such booking is known. */
  free(requestId: RequestId): boolean {
    this.#sync?.changed();
    return this.#step({ kind: 'freed', requestId })[0]?.kind === 'released';
  }

  potentialLoads(prompt: Prompt): readonly PotentialLoad[] {
    return this.#scheduler?.potentialLoads(this.#hashed(prompt, this.#scheduler)) ?? [];
  }

  overlapScores(prompt: Prompt): readonly OverlapScore[] {
    return this.#scheduler?.overlapScores(this.#hashed(prompt, this.#scheduler)) ?? [];
  }

  /** The index as chains that rebuild it; parents that are held come before their children. The index must not change meanwhile. */
  *dumpEvents(): IterableIterator<DumpedChain> {
    const scheduler = this.#scheduler;
    if (scheduler === null) return;
    for (const { target, parent, hashes } of scheduler.index.dump()) {
      const found = scheduler.targets.at(target);
      if (found !== null) yield { workerId: found.workerId, rank: found.rank, parent, hashes };
    }
  }

  workers(): readonly WorkerRecord[] {
    return this.#workers.all();
  }

  /** Null for a worker that is not registered now. */
  worker(workerId: WorkerId): WorkerRecord | null {
    return this.#workers.get(workerId);
  }

  /** Model that the pool serves; null while nobody has said. */
  model(): string | null {
    return this.#watch?.view().pool?.model ?? null;
  }

  /** Requests booked now. */
  bookingCount(): number {
    return this.#scheduler?.bookingCount ?? 0;
  }

  /** Tokens per block; null until a worker or the configuration has said. */
  blockSize(): number | null {
    return this.#blockSize;
  }

  /** Why requests should not come yet; null when they may. */
  notReadyReason(): string | null {
    if (!this.#hasView) return 'the registry has not answered yet';
    if (this.#workers.all().length === 0)
      return `no worker is registered at ${formatEndpointName(this.#options.endpoint)}`;
    if (this.#sync !== null && !this.#sync.hasJoined) return 'the other routers are asked for their bookings';
    if (this.#durable?.isCaughtUp === false) return 'the event log is being read';
    const waitedMs = this.#options.clock.nowMs() - this.#startedAtMs;
    if (!this.#subscriber.isSettled() && waitedMs < RECOVERY_WAIT_MS)
      return 'the KV index is being recovered';
    return null;
  }

  isReady(): boolean {
    return this.notReadyReason() === null;
  }

  /** A fault of the worker (not of a client): it is set aside at once and tried again later. */
  reportFailure(workerId: WorkerId): void {
    const worker = this.#workers.get(workerId);
    if (worker === null) return;
    const coolDownMs = this.#setAside.fail(workerId, this.#options.clock.nowMs());
    this.#metrics.workerFailures.inc({ worker_id: workerId });
    this.#options.logger.warn({ workerId, coolDownMs }, 'worker set aside');
    this.#putTargets(worker, 'targetUpdated');
  }

  reportSuccess(workerId: WorkerId): void {
    if (!this.#setAside.trust(workerId)) return;
    const worker = this.#workers.get(workerId);
    this.#options.logger.info({ workerId }, 'worker trusted again');
    if (worker !== null) this.#putTargets(worker, 'targetUpdated');
  }

  #decide(request: RouteRequest, wait: WaitOptions | undefined): SchedulerEffect {
    const scheduler = this.#scheduler;
    if (scheduler === null) return NO_WORKERS;
    const nowMs = this.#options.clock.nowMs();
    const { requestId, overrides, loraName } = request;
    const [effect = NO_WORKERS] = this.#step({
      kind: 'route',
      requestId,
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
    const outcome = routeOutcome(effect, (workerId) => this.#workers.get(workerId));
    this.#metrics.decisions.inc({ outcome: outcome.kind === 'routed' ? 'routed' : outcome.code });
    if (outcome.kind === 'routed' && request.requestId !== null) {
      this.#metrics.promptBlocks.inc(outcome.decision.promptBlocks);
      this.#metrics.overlapBlocks.inc(outcome.decision.overlapBlocks);
      this.#sync?.changed();
    }
    return outcome;
  }

  #hashed(prompt: Prompt, { blockSize }: Scheduler): PromptBlocks {
    return hashedPrompt(prompt, blockSize, () => this.#workers.all()[0]?.dialect ?? null);
  }

  #apply(view: EndpointView): void {
    if (this.#scheduler === null && view.pool !== null && view.workers.length > 0)
      this.#learn(view.pool.blockSize);
    for (const change of this.#workers.update(view)) this.#applyChange(change);
    if (!this.#hasView && this.#durable !== null) void this.#subscriber.start();
    this.#hasView = true;
  }

  #learn(blockSize: number): void {
    this.#blockSize = blockSize;
    this.#durable?.blockSizeKnown(blockSize);
    this.#scheduler = new Scheduler({ ...this.#options.scheduler, blockSize }, this.#options.prng);
    for (const [peer, loads] of this.#early) this.#step({ kind: 'peerLoads', peer, loads, isWhole: true });
    this.#early.clear();
    this.#options.logger.info({ blockSize }, 'block size known');
  }

  #applyChange(change: WorkerChange): void {
    const { worker } = change;
    switch (change.kind) {
      case 'restarted':
        this.#removeTargets(change.before);
        this.#setAside.trust(worker.workerId);
        this.#admit(worker);
        return;
      case 'appeared':
        this.#admit(worker);
        return;
      case 'updated':
        this.#putTargets(worker, 'targetUpdated');
        return;
      case 'disappeared':
        this.#subscriber.unfollow(worker.workerId);
        this.#engineLoads?.forget(worker.workerId);
        this.#removeTargets(worker);
        this.#setAside.trust(worker.workerId);
        this.#options.logger.info({ workerId: worker.workerId }, 'worker gone');
    }
  }

  #admit(worker: WorkerRecord): void {
    this.#putTargets(worker, 'targetAdded');
    if (worker.publishesKvEvents) this.#subscriber.follow(worker);
    this.#options.logger.info({ workerId: worker.workerId, url: worker.url }, 'worker found');
  }

  #putTargets(worker: WorkerRecord, kind: 'targetAdded' | 'targetUpdated'): void {
    if (kind === 'targetAdded') this.#indexRevision += 1;
    const { workerId } = worker;
    const isEligible = !worker.isDraining && !this.#setAside.has(workerId) && !this.#full.has(workerId);
    for (const target of targetsOf(worker)) this.#step({ kind, target, isEligible });
  }

  #removeTargets(worker: WorkerRecord): void {
    this.#indexRevision += 1;
    for (const rank of ranksOf(worker))
      this.#step({ kind: 'targetRemoved', workerId: worker.workerId, rank });
  }

  #step(input: SchedulerInput): readonly SchedulerEffect[] {
    const effects = this.#scheduler?.step(input) ?? [];
    this.#room.tell(effects);
    return effects;
  }

  #createSync(): ReplicaSync {
    const { endpoint, routerId, eventPlane, clock } = this.#options;
    return new ReplicaSync({
      endpoint,
      routerId,
      plane: eventPlane,
      clock,
      firstNumber: Date.now(),
      ownLoads: () => this.#scheduler?.ownLoads() ?? [],
      peerLoads: (peer, loads, isWhole) => {
        if (this.#scheduler !== null) this.#step({ kind: 'peerLoads', peer, loads, isWhole });
        else if (isWhole) this.#early.set(peer, loads);
      },
      peerGone: (peer) => {
        this.#early.delete(peer);
        this.#step({ kind: 'peerGone', peer });
      },
    });
  }

  #usableWorkers(): readonly WorkerRecord[] {
    return this.#workers
      .all()
      .filter(({ workerId, isDraining }) => !isDraining && !this.#setAside.has(workerId));
  }

  #createDurable(open: (endpoint: EndpointName) => Promise<DurableParts>): DurableIndex {
    const { endpoint, routerId, clock, prng, logger } = this.#options;
    return new DurableIndex({
      ...{ open, endpoint, routerId, clock, prng, logger },
      dump: () =>
        this.#scheduler === null
          ? null
          : indexDump(this.#scheduler, this.#subscriber, () => this.#indexRevision),
      isSettled: () => this.#subscriber.isSettled(),
    });
  }

  #sink(): KvEventSink {
    return {
      batch: (batch) => this.#applyBatch(batch),
      reset: ({ workerId, rank }) => {
        this.#indexRevision += 1;
        this.#step({ kind: 'kvCleared', workerId, rank });
      },
      snapshotChain: ({ workerId, rank }: KvSource, { parent, hashes }: KvChain) => {
        this.#indexRevision += 1;
        this.#step({ kind: 'kvRestored', workerId, rank, parent, hashes });
      },
      digest: ({ workerId, rank }) => {
        const number = this.#scheduler?.targets.numberOf(workerId, rank) ?? null;
        return number === null ? null : (this.#scheduler?.index.digest(number) ?? null);
      },
    };
  }

  #applyBatch({ workerId, rank, events }: KvEventBatch): 'applied' | 'unknownParent' {
    let outcome: 'applied' | 'unknownParent' = 'applied';
    this.#indexRevision += 1;
    for (const event of events) {
      const effects = this.#step(kvInput(event, workerId, rank));
      for (const effect of effects) {
        if (effect.kind === 'unknownParent') outcome = 'unknownParent';
        if (effect.kind === 'limitReached') this.#metrics.evictedBlocks.inc(effect.evictedBlocks);
      }
    }
    return outcome;
  }

  #tick(): void {
    const nowMs = this.#options.clock.nowMs();
    for (const effect of this.#step({ kind: 'tick', nowMs })) {
      if (effect.kind !== 'expired') continue;
      this.#metrics.expiredBookings.inc(effect.requestIds.length);
      this.#options.logger.warn({ requestIds: effect.requestIds }, 'bookings expired: nobody freed them');
    }
    for (const workerId of this.#setAside.due(nowMs)) void this.#retry(workerId);
    this.#passOverFull();
  }

  #passOverFull(): void {
    const { kvUsageMax } = this.#options;
    if (kvUsageMax === undefined || this.#engineLoads === null) return;
    const before = this.#full;
    this.#full = fullWorkers(this.#usableWorkers(), this.#engineLoads, kvUsageMax);
    for (const worker of this.#workers.all())
      if (before.has(worker.workerId) !== this.#full.has(worker.workerId))
        this.#putTargets(worker, 'targetUpdated');
  }

  #measured(): Measured {
    return {
      ...this.#options,
      scheduler: this.#scheduler,
      knownWorkers: this.#workers.all().length,
      setAsideWorkers: this.#setAside.size,
      fullWorkers: this.#full.size,
      engineLoads: this.#engineLoads,
      subscriber: this.#subscriber,
      sync: this.#sync,
      durable: this.#durable,
    };
  }

  async #retry(workerId: WorkerId): Promise<void> {
    const worker = this.#workers.get(workerId);
    const { probe } = this.#options;
    if (worker === null) return;
    const isWell = probe === undefined || (await probe(worker).catch(() => false));
    if (isWell) this.reportSuccess(workerId);
    else this.reportFailure(workerId);
  }
}
