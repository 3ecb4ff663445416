import { newIncarnation } from '@kvasir/contract';
import type { WorkerRecord } from '@kvasir/contract';
import type { EventPlane } from '@kvasir/event-plane';
import type { Registry } from '@kvasir/registry';
import type { CancelTimer, Clock, Logger } from '@kvasir/service';
import type { EventAccountState, WatchedEngine } from '@kvasir/self-check';
import type { Incarnation, Prng } from '@kvasir/units';
import { ApiKey } from '@kvasir/engines';
import { EngineDrain } from './engine-drain.js';
import type { DrainCause } from './engine-drain.js';
import type { EngineConfig } from './engine-config.js';
import type { EngineFacts } from './engine-facts.js';
import { EngineHealth } from './engine-health.js';
import type { Sight } from './engine-health.js';
import type { EngineAccess, EngineHttp } from './engine-http.js';
import { EngineLife } from './engine-life.js';
import { standingBack } from './holders.js';
import type { TakerLookup } from './rank-taker.js';
import { isToldOf } from './predecessor.js';
import { standingRecord } from './standing-record.js';
import type { WatchMetrics } from './watch-metrics.js';
import { mayKeepCache, workerRecord } from './worker-record.js';

/** What it asks of an engine. */
export type AskedEngine = Pick<EngineHttp, 'health' | 'facts' | 'generates' | 'loads' | 'pullEvents'>;

export interface WatchParts {
  readonly registry: Registry;
  readonly eventPlane: EventPlane;
  readonly clock: Clock;
  readonly epochMs: () => number;
  readonly prng: Prng;
  readonly logger: Logger;
  readonly http: AskedEngine;
  readonly metrics: WatchMetrics;
  /** Who looks after it, for people, e.g. `gpu-7/4711`. */
  readonly holder: string;
  readonly leaseMs: number;
  readonly loadMs: number;
  readonly probeMs: number;
  readonly probeFailuresMax: number;
  readonly healthTimeoutMs: number;
  readonly factsMs: number;
  readonly drainMs: number;
  readonly handoverMs: number;
}

/** Keeps one engine registered while it is well, and its record as the engine is. */
export class EngineWatch {
  #config: EngineConfig;
  readonly #engine: EngineAccess;
  readonly #parts: WatchParts;
  readonly #health: EngineHealth;
  readonly #drain: EngineDrain;
  #life: EngineLife | null = null;
  #failures = 0;
  #reason = 'it was not asked yet';
  #factsAtMs = -Infinity;
  #facts: EngineFacts | null = null;
  /** Who stands in the registry under its id. */
  #rival: WatchedEngine['rival'] = null;
  /** The last sentence that was logged: each is told once, not once per probe. */
  #told = '';
  /** Whoever has taken its place; it is let have it. */
  #supersededBy: string | null = null;
  #cancelProbe: CancelTimer | null = null;
  /** Looks at the engine, one after the other. */
  #looking: Promise<void> = Promise.resolve();
  #isLooking = false;
  #isClosed = false;

  constructor(config: EngineConfig, parts: WatchParts) {
    const { clock, http, healthTimeoutMs, drainMs } = parts;
    this.#config = config;
    this.#parts = parts;
    this.#engine = {
      url: config.url,
      dialect: config.dialect,
      apiKey: config.apiKey === null ? null : new ApiKey(config.apiKey, () => clock.nowMs()),
    };
    this.#drain = new EngineDrain(clock, drainMs);
    this.#health = new EngineHealth(this.#engine, {
      http,
      healthTimeoutMs,
      progress: () => this.#life?.progress ?? 0,
      model: () => this.#model(),
    });
  }

  get config(): EngineConfig {
    return this.#config;
  }

  /** How it is reached. */
  get engine(): EngineAccess {
    return this.#engine;
  }

  get workerId(): string {
    return this.#config.workerId;
  }

  /** Why it gets no requests; null when it does. */
  get downReason(): string | null {
    if (this.#life?.isListed !== true) return this.#reason;
    return this.#drain.isOn ? `it is drained: ${this.#drain.reason}` : null;
  }

  get isDraining(): boolean {
    return this.#drain.isOn;
  }

  get heldBlocks(): number {
    return this.#life?.heldBlocks ?? 0;
  }

  /** Events of the engine's present life that were left out, by reason. */
  leftOut(): ReadonlyMap<string, number> {
    return this.#life?.leftOut() ?? new Map();
  }

  /** What is seen of it, for the self-check. */
  get observed(): WatchedEngine {
    const life = this.#life;
    const isRegistered = life?.isListed === true;
    return {
      workerId: this.workerId,
      url: this.#config.url,
      isRegistered,
      // Only what was told as a reason is one: an engine that does not answer is waited for.
      refusal: isRegistered || this.#told === '' || this.#told !== this.#reason ? null : this.#told,
      rival: this.#rival,
      holder: this.#parts.holder,
      modelsStatus: this.#facts?.modelsStatus ?? null,
      hasApiKey: this.#config.apiKey !== null,
      hasKvEvents: this.#config.kvEvents.kind !== 'none',
      prefixCaching: this.#facts?.prefixCaching ?? null,
      ownBlockSize: this.#facts?.blockSize ?? null,
      poolBlockSize: life?.record.blockSize ?? null,
      sockets: life?.sockets() ?? [],
      account: life?.account ?? NO_ACCOUNT,
      leftOut: this.leftOut(),
    };
  }

  /** Whoever takes the events that the engine sends by itself. */
  taker(rank: number): TakerLookup {
    if (this.#config.kvEvents.kind !== 'grpc' || rank >= this.#config.rankCount) return { kind: 'unknown' };
    const take = this.#life?.isListed === true ? this.#life.taker(rank) : null;
    return take === null ? { kind: 'down', reason: this.#reason } : { kind: 'taker', take };
  }

  async start(): Promise<void> {
    const { clock, probeMs } = this.#parts;
    await this.#inTurn(() => this.#look());
    // An engine that takes its time is asked less often.
    this.#cancelProbe = clock.every(probeMs, () => {
      if (!this.#isLooking) void this.#inTurn(() => this.#look());
    });
  }

  /** Takes nothing new from now on, or takes new work again. */
  async setDraining(cause: DrainCause, isOn: boolean): Promise<void> {
    await this.#inTurn(() => this.#setDraining(cause, isOn));
  }

  /** Resolves when it has finished what it has, or had long enough for it; it is off the list then. */
  async finished(): Promise<void> {
    const { clock, probeMs } = this.#parts;
    while (this.#life?.isListed === true && !this.#drain.isOver(this.#life.idleReports))
      await new Promise<void>((resolve) => clock.after(probeMs, resolve));
  }

  /** Other settings that the same life of the engine can have. */
  async reconfigure(config: EngineConfig): Promise<void> {
    await this.#inTurn(async () => {
      this.#config = config;
      this.#factsAtMs = -Infinity;
      await this.#look();
    });
  }

  async close(): Promise<void> {
    this.#stop();
    await this.#inTurn(() => this.#end('the agent stops'));
  }

  /** Stops looking after it and leaves it registered for whoever does next. */
  async leave(): Promise<void> {
    this.#stop();
    await this.#inTurn(async () => {
      const life = this.#life;
      this.#life = null;
      this.#reason = 'the agent stops';
      await life?.leave(this.#parts.handoverMs);
    });
  }

  #stop(): void {
    this.#isClosed = true;
    this.#cancelProbe?.();
  }

  async #look(): Promise<void> {
    if (this.#isClosed) return;
    const sight = await this.#health.look();
    if (this.#isWatched()) await this.#judge(sight);
  }

  #isWatched(): boolean {
    return !this.#isClosed;
  }

  async #judge(sight: Sight): Promise<void> {
    switch (sight.kind) {
      case 'busy':
        this.#parts.metrics.slowHealth.inc({ worker_id: this.workerId });
        break;
      case 'well':
        break;
      case 'refuses':
        await this.#refused();
        return;
      case 'silent':
        this.#failures += 1;
        if (this.#life?.isListed !== true) this.#reason = sight.reason;
        else if (this.#failures >= this.#parts.probeFailuresMax && sight.hasFailed)
          await this.#unlist(sight.reason);
        return;
    }
    // What was learned of it before it failed may be over.
    if (this.#failures > 0) this.#factsAtMs = -Infinity;
    this.#failures = 0;
    await this.#setDraining('engine', false);
    await this.#keepListed();
  }

  /** It takes nothing new: what it has it may still finish. */
  async #refused(): Promise<void> {
    this.#failures += 1;
    const life = this.#life;
    if (life?.isListed !== true) {
      this.#reason = NO_ANSWER;
      return;
    }
    await this.#setDraining('engine', true);
    const hasGone = life.isCutOff && this.#failures >= this.#parts.probeFailuresMax;
    if (hasGone || this.#drain.isOver(0)) await this.#unlist(NO_ANSWER);
  }

  async #keepListed(): Promise<void> {
    const life = this.#life;
    if (life?.isSuperseded === true) await this.#superseded(life);
    else if (life?.isListed === true) await this.#askAgain(life);
    else await this.#enlist();
  }

  async #superseded({ record }: EngineLife): Promise<void> {
    const standing = await standingRecord(this.#parts, record.endpoint, record.workerId);
    this.#supersededBy = standing?.holder ?? null;
    this.#rival = rivalOf(standing);
    await this.#end(standing === null ? TAKEN : standingBack(standing, this.#parts.holder, this.#config.url));
  }

  async #enlist(): Promise<void> {
    const { holder, metrics, logger, epochMs, prng } = this.#parts;
    const standing = await standingRecord(this.#parts, this.#config.endpoint, this.workerId);
    if (this.#life?.isUnbroken === false) await this.#end('it has perhaps started anew');
    const isOthers = standing?.holder !== undefined && standing.holder !== holder;
    if (isOthers && (standing.url !== this.#config.url || standing.holder === this.#supersededBy)) {
      this.#rival = rivalOf(standing);
      this.#say(standingBack(standing, holder, this.#config.url));
      return;
    }
    this.#rival = null;
    const facts = await this.#askFacts();
    const before = this.#life?.record ?? standing;
    const told = this.#record(facts, before?.incarnation ?? newIncarnation(epochMs(), prng), before);
    if (told.kind === 'unknown') {
      this.#say(told.reason);
      return;
    }
    const isSame =
      before !== null &&
      mayKeepCache(before, told.record) &&
      (this.#life !== null || !isOthers || !(await isToldOf(this.#parts.eventPlane, before)));
    if (isSame && this.#life === null && before.isDrainedByOperator === true)
      this.#drain.set('operator', true);
    if (this.#life !== null && isSame) await this.#life.change({ ...told.record, ...this.#drain.fields });
    else {
      await this.#life?.end();
      const incarnation = isSame ? before.incarnation : newIncarnation(epochMs(), prng);
      this.#life = await this.#begin({ ...told.record, incarnation, ...this.#drain.fields }, isSame);
      if (isSame) metrics.takeOvers.inc({ worker_id: this.workerId });
      else metrics.lives.inc({ worker_id: this.workerId });
    }
    const problem = await this.#life.list();
    if (problem !== null) {
      this.#say(problem);
      return;
    }
    this.#told = '';
    this.#supersededBy = null;
    const { model, blockSize, incarnation } = this.#life.record;
    logger.info({ workerId: this.workerId, model, blockSize, incarnation }, 'engine registered');
  }

  /** Asks for its facts when it is time; what has changed is told, and what it cannot be after the change is another life. */
  async #askAgain(life: EngineLife): Promise<void> {
    const { clock, factsMs } = this.#parts;
    if (clock.nowMs() - this.#factsAtMs < factsMs) return;
    const told = this.#record(await this.#askFacts(), life.record.incarnation, life.record);
    if (told.kind === 'unknown' || !this.#isWatched()) return;
    if (mayKeepCache(life.record, told.record)) await life.change({ ...told.record, ...this.#drain.fields });
    else await this.#replace(life, told.record, 'it is another one now');
  }

  /** A new life in the place of another, without a moment in which there is none. */
  async #replace(old: EngineLife, record: WorkerRecord, reason: string): Promise<void> {
    const { logger, metrics, epochMs, prng } = this.#parts;
    const incarnation = newIncarnation(epochMs(), prng);
    const life = await this.#begin({ ...record, incarnation, ...this.#drain.fields }, false);
    const problem = await life.list();
    await old.end();
    this.#life = life;
    if (problem !== null) {
      this.#say(problem);
      return;
    }
    metrics.lives.inc({ worker_id: this.workerId });
    const { model, blockSize } = record;
    logger.info({ workerId: this.workerId, model, blockSize, incarnation, reason }, 'engine begun anew');
  }

  /** Its events say that its process began anew. */
  async #anew(of: Incarnation): Promise<void> {
    const life = this.#life;
    if (life?.record.incarnation !== of || !this.#isWatched()) return;
    if (!life.isListed) {
      await this.#end('it has started anew');
      return;
    }
    const told = this.#record(await this.#askFacts(), of, life.record);
    const record = told.kind === 'ok' ? told.record : life.record;
    await this.#replace(life, record, 'it has started anew');
  }

  async #begin(record: WorkerRecord, takesOver: boolean): Promise<EngineLife> {
    const { incarnation } = record;
    return await EngineLife.begin(this.#config, record, {
      ...this.#parts,
      engine: this.#engine,
      takesOver,
      restarted: () => void this.#inTurn(() => this.#anew(incarnation)),
    });
  }

  async #setDraining(cause: DrainCause, isOn: boolean): Promise<void> {
    const wasOn = this.#drain.isOn;
    this.#drain.set(cause, isOn);
    await this.#life?.change(this.#drain.fields);
    if (this.#drain.isOn === wasOn) return;
    const { logger } = this.#parts;
    if (wasOn) logger.info({ workerId: this.workerId }, 'engine takes new requests again');
    else logger.info({ workerId: this.workerId, reason: this.#drain.reason }, 'engine gets no new requests');
  }

  /** Off the list; what its cache holds is followed on. */
  async #unlist(reason: string): Promise<void> {
    this.#reason = reason;
    this.#parts.logger.warn({ workerId: this.workerId, reason }, 'engine taken off the list');
    await this.#life?.unlist();
  }

  async #end(reason: string): Promise<void> {
    this.#reason = reason;
    const life = this.#life;
    this.#life = null;
    if (life === null) return;
    const wasListed = life.isListed || life.isSuperseded;
    await life.end();
    if (!wasListed) return;
    const line = { workerId: this.workerId, reason };
    // Only what nobody has asked for is worth a warning.
    if (this.#isClosed) this.#parts.logger.info(line, 'engine taken off the list');
    else this.#parts.logger.warn(line, 'engine taken off the list');
  }

  async #askFacts(): Promise<EngineFacts> {
    this.#factsAtMs = this.#parts.clock.nowMs();
    this.#facts = await this.#parts.http.facts(this.#engine);
    return this.#facts;
  }

  async #model(): Promise<string | null> {
    const known = this.#life?.record.model ?? this.#config.model;
    return known ?? (await this.#parts.http.facts(this.#engine)).names?.[0] ?? null;
  }

  #record(facts: EngineFacts, incarnation: Incarnation, before: WorkerRecord | null) {
    const { holder } = this.#parts;
    return workerRecord({ config: this.#config, facts, incarnation, holder, before });
  }

  #say(reason: string): void {
    this.#reason = reason;
    if (reason === this.#told) return;
    this.#told = reason;
    this.#parts.logger.error({ workerId: this.workerId, reason }, 'engine cannot be registered');
  }

  #inTurn(look: () => Promise<void>): Promise<void> {
    this.#looking = this.#looking.then(async () => {
      this.#isLooking = true;
      try {
        await look();
      } catch (error) {
        this.#parts.logger.error({ err: error, workerId: this.workerId }, 'looking after an engine failed');
      }
      this.#isLooking = false;
    });
    return this.#looking;
  }
}

const NO_ACCOUNT: EventAccountState = { filledBlocks: 0, idleStores: 0 };

function rivalOf(standing: WorkerRecord | null): WatchedEngine['rival'] {
  const holder = standing?.holder;
  return standing === null || holder === undefined ? null : { holder, url: standing.url };
}

const NO_ANSWER = 'its health route does not answer';
const TAKEN = 'its registration is held by somebody else';
