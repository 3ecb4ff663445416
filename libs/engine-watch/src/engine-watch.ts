import { newIncarnation } from '@kvasir/contract';
import type { WorkerRecord } from '@kvasir/contract';
import type { EventPlane } from '@kvasir/event-plane';
import type { Registry } from '@kvasir/registry';
import type { CancelTimer, Clock, Logger } from '@kvasir/service';
import { workerId } from '@kvasir/units';
import type { Prng } from '@kvasir/units';
import type { EngineConfig, LoraSource } from './engine-config.js';
import type { EngineFacts, EngineHttp } from './engine-http.js';
import { EngineLife } from './engine-life.js';
import type { TakerLookup } from './rank-taker.js';
import type { WatchMetrics } from './watch-metrics.js';

export interface WatchParts {
  readonly registry: Registry;
  readonly eventPlane: EventPlane;
  readonly clock: Clock;
  readonly epochMs: () => number;
  readonly prng: Prng;
  readonly logger: Logger;
  readonly http: EngineHttp;
  readonly metrics: WatchMetrics;
  readonly leaseMs: number;
  readonly loadMs: number;
  readonly probeMs: number;
  readonly probeFailuresMax: number;
}

/** Keeps one engine registered while it is well: a new life each time that it comes back. */
export class EngineWatch {
  readonly #config: EngineConfig;
  readonly #parts: WatchParts;
  #life: EngineLife | null = null;
  #failures = 0;
  #reason = 'it was not asked yet';
  #cancelProbe: CancelTimer | null = null;
  /** Looks at the engine, one after the other. */
  #looking: Promise<void> = Promise.resolve();
  #isClosed = false;

  constructor(config: EngineConfig, parts: WatchParts) {
    this.#config = config;
    this.#parts = parts;
  }

  get workerId(): string {
    return this.#config.workerId;
  }

  /** Why it is not registered; null when it is. */
  get downReason(): string | null {
    return this.#life === null ? this.#reason : null;
  }

  get heldBlocks(): number {
    return this.#life?.heldBlocks ?? 0;
  }

  /** Events of the engine's present life that were left out, by reason. */
  leftOut(): ReadonlyMap<string, number> {
    return this.#life?.leftOut() ?? new Map();
  }

  /** Whoever takes the events that the engine sends by itself. */
  taker(rank: number): TakerLookup {
    if (this.#config.kvEvents.kind !== 'grpc' || rank >= this.#config.rankCount) return { kind: 'unknown' };
    const take = this.#life?.taker(rank) ?? null;
    return take === null ? { kind: 'down', reason: this.#reason } : { kind: 'taker', take };
  }

  async start(): Promise<void> {
    const { clock, probeMs } = this.#parts;
    await this.#inTurn(() => this.#look());
    this.#cancelProbe = clock.every(probeMs, () => void this.#inTurn(() => this.#look()));
  }

  async drain(): Promise<void> {
    this.#cancelProbe?.();
    await this.#inTurn(async () => await this.#life?.drain());
  }

  async close(): Promise<void> {
    this.#isClosed = true;
    this.#cancelProbe?.();
    await this.#inTurn(() => this.#end('the agent stops'));
  }

  async #look(): Promise<void> {
    if (this.#isClosed) return;
    const { http, probeFailuresMax } = this.#parts;
    if (!(await http.isHealthy(this.#config.url))) {
      this.#failures += 1;
      if (this.#life === null) this.#reason = 'its health route does not answer';
      else if (this.#failures >= probeFailuresMax) await this.#end('its health route does not answer');
      return;
    }
    this.#failures = 0;
    if (this.#life !== null && !this.#life.isHeld)
      await this.#end('its registration is held by somebody else');
    if (this.#life === null) await this.#begin();
    else await this.#lookAtAdapters(this.#life);
  }

  /** Engines load and unload adapters while they run. */
  async #lookAtAdapters(life: EngineLife): Promise<void> {
    const { url, dialect, loras } = this.#config;
    if (loras.kind !== 'asked') return;
    const names = await this.#parts.http.loraNames(url, dialect);
    if (names !== null) await life.setLoraNames(names);
  }

  async #begin(): Promise<void> {
    const { http, logger, metrics } = this.#parts;
    const record = this.#record(await http.facts(this.#config.url, this.#config.dialect));
    if (typeof record === 'string') {
      this.#say(record);
      return;
    }
    const start = await EngineLife.start(this.#config, record, {
      ...this.#parts,
      restarted: () => void this.#inTurn(() => this.#anew()),
    }).catch((error: unknown) => ({ kind: 'refused' as const, message: String(error) }));
    if (start.kind === 'refused') {
      this.#say(start.message);
      return;
    }
    this.#life = start.life;
    metrics.lives.inc({ worker_id: this.workerId });
    const { model, blockSize, incarnation } = record;
    logger.info({ workerId: this.workerId, model, blockSize, incarnation }, 'engine registered');
  }

  async #anew(): Promise<void> {
    await this.#end('it has started anew');
    if (!this.#isClosed) await this.#look();
  }

  async #end(reason: string): Promise<void> {
    this.#reason = reason;
    const life = this.#life;
    if (life === null) return;
    this.#life = null;
    await life.end();
    const { logger } = this.#parts;
    const line = { workerId: this.workerId, reason };
    // Only what nobody has asked for is worth a warning.
    if (this.#isClosed) logger.info(line, 'engine taken off the list');
    else logger.warn(line, 'engine taken off the list');
  }

  /** The record, or what the engine does not say and nobody has told. */
  #record(facts: EngineFacts): WorkerRecord | string {
    const config = this.#config;
    const model = config.model ?? facts.model;
    const blockSize = config.blockSize ?? facts.blockSize;
    const contextTokensMax = config.contextTokensMax ?? facts.contextTokensMax;
    if (model === null) return 'it does not say its model: give --model';
    if (blockSize === null) return 'it does not say its block size: give --block-size';
    if (contextTokensMax === null) return 'it does not say its context length: give --context-tokens-max';
    return {
      workerId: workerId(config.workerId),
      incarnation: newIncarnation(this.#parts.epochMs(), this.#parts.prng),
      endpoint: config.endpoint,
      url: config.url,
      dialect: config.dialect,
      role: config.role,
      model,
      contextTokensMax,
      tokenizerPath: config.tokenizerPath,
      blockSize,
      rankStart: 0,
      rankCount: config.rankCount,
      kvBlocksTotal: facts.kvBlocksTotal,
      batchedTokensMax: null,
      publishesKvEvents: config.kvEvents.kind !== 'none',
      isDraining: false,
      taints: config.taints,
      loraNames: loraNames(config.loras, facts),
    };
  }

  /** Once per reason, not once per probe. */
  #say(reason: string): void {
    if (reason === this.#reason) return;
    this.#reason = reason;
    this.#parts.logger.error({ workerId: this.workerId, reason }, 'engine cannot be registered');
  }

  #inTurn(look: () => Promise<void>): Promise<void> {
    this.#looking = this.#looking.then(look);
    return this.#looking;
  }
}

function loraNames(loras: LoraSource, facts: EngineFacts): readonly string[] | null {
  switch (loras.kind) {
    case 'any':
      return null;
    case 'given':
      return loras.names;
    case 'asked':
      return facts.loraNames;
  }
}
