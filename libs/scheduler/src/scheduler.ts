import { computeCosts, explainCost, selectTarget } from '@kvasir/cost-model';
import type { CandidateColumns, CostOptions, SelectionPolicy } from '@kvasir/cost-model';
import { RadixIndex } from '@kvasir/radix-index';
import type { PrefixQuery } from '@kvasir/radix-index';
import { assertNever } from '@kvasir/units';
import type { Prng, RequestId } from '@kvasir/units';
import { ActiveLoad } from './active-load.js';
import { Bookings } from './bookings.js';
import { CandidateTable } from './candidate-table.js';
import { isConstrained, satisfies } from './eligibility.js';
import { applyKvInput } from './kv-inputs.js';
import type { KvInput } from './kv-inputs.js';
import type {
  Decision,
  OverlapScore,
  PotentialLoad,
  RejectionCode,
  RouteInput,
  SchedulerEffect,
  SchedulerInput,
  TargetLoad,
} from './messages.js';
import { checkSchedulerOptions } from './options.js';
import type { SchedulerOptions } from './options.js';
import { PeerLoads } from './peer-loads.js';
import { TargetTable } from './targets.js';
import type { TargetSpec } from './targets.js';
import { WaitingQueue } from './waiting-queue.js';
import type { WaitingRequest } from './waiting-queue.js';

const NOTHING: readonly SchedulerEffect[] = [];
/** Waiting requests that are looked at when something is freed: those behind one that is bound to a busy target need not wait for it. */
const QUEUE_LOOK_AHEAD = 64;

/**
 * Decides where requests go and knows what that puts on whom. One machine: `step(input)` changes the state and returns what the shell has to do.
 * Selecting and booking is one step, so no two requests see the same free slot. The same inputs in the same order give the same effects.
 */
export class Scheduler {
  readonly #options: SchedulerOptions;
  readonly #prng: Prng;
  readonly #targets = new TargetTable();
  readonly #index: RadixIndex;
  readonly #load: ActiveLoad;
  readonly #bookings: Bookings;
  readonly #peers: PeerLoads;
  readonly #candidates = new CandidateTable();
  readonly #waiting = new WaitingQueue();
  /** As the newest input says. */
  #nowMs = 0;
  #turn = 0;

  /** @throws RangeError naming the option that is out of its range. */
  constructor(options: SchedulerOptions, prng: Prng) {
    checkSchedulerOptions(options);
    this.#options = options;
    this.#prng = prng;
    this.#index = new RadixIndex({ blockCountMax: options.indexBlocksMax });
    this.#load = new ActiveLoad(options.indexBlocksMax);
    this.#bookings = new Bookings(this.#load, options);
    this.#peers = new PeerLoads(this.#load, this.#targets);
  }

  /** What is known of the cache; read only. */
  get index(): RadixIndex {
    return this.#index;
  }

  get targets(): TargetTable {
    return this.#targets;
  }

  get bookingCount(): number {
    return this.#bookings.size;
  }

  /** Requests that wait for a target. */
  get waitingCount(): number {
    return this.#waiting.size;
  }

  /** Tokens per block. */
  get blockSize(): number {
    return this.#options.blockSize;
  }

  /** What is booked on each target now; by target number. */
  loads(): readonly TargetLoad[] {
    return [...this.#targets.all()].map(({ workerId, rank, number }) => ({
      workerId,
      rank,
      prefillTokens: this.#load.prefillTokens[number] ?? 0,
      blocks: this.#load.blocks[number] ?? 0,
      requests: this.#load.requests[number] ?? 0,
    }));
  }

  /** What this router has booked itself, on the targets where it has; by target number. */
  ownLoads(): readonly TargetLoad[] {
    const own: TargetLoad[] = [];
    for (const { workerId, rank, number } of this.#targets.all()) {
      const peers = this.#peers.of(number);
      const requests = (this.#load.requests[number] ?? 0) - peers.requests;
      if (requests === 0) continue;
      const prefillTokens = (this.#load.prefillTokens[number] ?? 0) - peers.prefillTokens;
      const blocks = (this.#load.blocks[number] ?? 0) - peers.blocks;
      own.push({ workerId, rank, prefillTokens, blocks, requests });
    }
    return own;
  }

  step(input: SchedulerInput): readonly SchedulerEffect[] {
    if (input.kind === 'route' || input.kind === 'tick') this.#nowMs = Math.max(this.#nowMs, input.nowMs);
    const effects = this.#apply(input);
    if (this.#waiting.size === 0 || !mayMakeRoom(input)) return effects;
    const placed = this.#placeWaiting();
    return placed.length === 0 ? effects : [...effects, ...placed];
  }

  #apply(input: SchedulerInput): readonly SchedulerEffect[] {
    switch (input.kind) {
      case 'targetAdded':
      case 'targetUpdated':
        this.#putTarget(input.target, input.isEligible);
        return NOTHING;
      case 'targetRemoved':
        return this.#removeTarget(input.workerId, input.rank);
      case 'kvStored':
      case 'kvRestored':
      case 'kvRemoved':
      case 'kvCleared':
        return this.#applyKv(input);
      case 'route':
        return this.#routeOrQueue(input);
      case 'prefillCompleted':
        return [this.#bookings.completePrefill(input.requestId)];
      case 'outputTokens':
        return this.#bookings.addOutputTokens(input.requestId, input.tokenCount);
      case 'freed':
        return this.#free(input.requestId);
      case 'peerLoads':
        this.#peers.set(input.peer, input.loads, input.isWhole);
        return NOTHING;
      case 'peerGone':
        this.#peers.remove(input.peer);
        return NOTHING;
      case 'tick':
        return this.#bookings.expire(input.nowMs);
      default:
        return assertNever(input);
    }
  }

  /** What each target's load would be if it took this prompt; by target number. */
  potentialLoads(prompt: PrefixQuery & { readonly tokenCount: number }): readonly PotentialLoad[] {
    const { columnCount } = this.#targets;
    this.#fillColumns(prompt, true);
    const columns = this.#candidates.columns(this.#load, columnCount);
    return [...this.#targets.all()].map(({ workerId, rank, number }) => {
      const cachedTokens = (columns.overlapBlocks[number] ?? 0) * this.#options.blockSize;
      return {
        workerId,
        rank,
        potentialPrefillTokens:
          (columns.activePrefillTokens[number] ?? 0) + Math.max(0, prompt.tokenCount - cachedTokens),
        potentialDecodeBlocks: columns.potentialDecodeBlocks[number] ?? 0,
        activeRequests: columns.activeRequests[number] ?? 0,
      };
    });
  }

  /** How many leading blocks of the prompt each target holds; by target number. */
  overlapScores(prompt: PrefixQuery): readonly OverlapScore[] {
    this.#candidates.ensureColumns(this.#targets.columnCount);
    this.#index.match(prompt, this.#candidates.overlapBlocks(this.#targets.columnCount));
    return [...this.#targets.all()].map(({ workerId, rank, number }) => ({
      workerId,
      rank,
      overlapBlocks: this.#candidates.overlapBlocks(this.#targets.columnCount)[number] ?? 0,
    }));
  }

  /** Draws targets and their load, one line each, for tests and people. */
  render(): string {
    return [...this.#targets.all()]
      .map(({ workerId, rank, number, isEligible }) => {
        const load = this.#load;
        return `${workerId}/${rank} ${isEligible ? 'eligible' : 'set aside'} holds ${this.#index.memberCount(number)} blocks, requests ${load.requests[number] ?? 0}, prefill tokens ${load.prefillTokens[number] ?? 0}, active blocks ${load.blocks[number] ?? 0}`;
      })
      .join('\n');
  }

  #putTarget(spec: TargetSpec, isEligible: boolean): void {
    this.#targets.put(spec, isEligible);
    this.#load.ensureColumns(this.#targets.columnCount);
    this.#candidates.ensureColumns(this.#targets.columnCount);
    this.#peers.targetAdded(spec.workerId, spec.rank);
  }

  #removeTarget(workerId: TargetSpec['workerId'], rank: number): readonly SchedulerEffect[] {
    const number = this.#targets.numberOf(workerId, rank);
    if (number === null) return [{ kind: 'unknownTarget', workerId, rank }];
    this.#bookings.releaseTarget(number);
    this.#peers.targetRemoved(number);
    this.#index.removeTarget(number);
    this.#targets.remove(number);
    return NOTHING;
  }

  #applyKv(input: KvInput): readonly SchedulerEffect[] {
    const { workerId, rank } = input;
    const number = this.#targets.numberOf(workerId, rank);
    if (number === null) return [{ kind: 'unknownTarget', workerId, rank }];
    return applyKvInput(this.#index, number, input);
  }

  #free(requestId: RequestId): readonly SchedulerEffect[] {
    if (!this.#waiting.remove(requestId)) return [this.#bookings.release(requestId)];
    const message = `Cannot book request ${requestId}: it was given up while it waited`;
    return [
      { kind: 'released', requestId },
      { kind: 'refused', requestId, code: 'SCHED_WAIT_ENDED', message },
    ];
  }

  #routeOrQueue(input: RouteInput): readonly SchedulerEffect[] {
    const { requestId, wait } = input;
    const { queue } = this.#options;
    if (requestId !== null && (this.#bookings.has(requestId) || this.#waiting.has(requestId)))
      return [rejected('SCHED_DUPLICATE_REQUEST', `Cannot book request ${requestId}: it is booked already`)];
    if (queue === null || requestId === null || wait === undefined) return [this.#route(input)];
    // Whoever comes while others wait queues up behind them, and is placed with them in the same step when there is room.
    const refusal = this.#markEligible(input);
    if (refusal !== null) return [refusal];
    if (this.#waiting.size === 0 && !this.#allBusy(queue.prefillTokensMax)) return [this.#route(input)];
    if (this.#waiting.size >= queue.requestsMax)
      return [
        rejected('SCHED_QUEUE_FULL', `Cannot book request ${requestId}: ${this.#waiting.size} requests wait`),
      ];
    this.#waiting.add({ requestId, priority: wait.priority, input });
    const placed = this.#placeWaiting();
    const own = placed.find((effect) => effect.requestId === requestId);
    const others = placed.filter((effect) => effect !== own);
    return [own === undefined ? { kind: 'queued', requestId } : asAnswer(own), ...others];
  }

  /** Books those who wait, in order, as far as targets take them. O(look-ahead · targets). */
  #placeWaiting(): readonly Settled[] {
    const { queue, bookingsMax } = this.#options;
    if (queue === null) return [];
    const settled: Settled[] = [];
    for (const waiting of this.#waiting.first(QUEUE_LOOK_AHEAD)) {
      if (this.#bookings.size >= bookingsMax) break;
      const refusal = this.#markEligible(waiting.input);
      if (refusal === null && this.#allBusy(queue.prefillTokensMax)) continue;
      this.#waiting.remove(waiting.requestId);
      settled.push(settledAs(waiting, refusal ?? this.#route({ ...waiting.input, nowMs: this.#nowMs })));
    }
    return settled;
  }

  /** Whether every target that is marked eligible has more to compute than it may. */
  #allBusy(prefillTokensMax: number): boolean {
    const { isEligible } = this.#candidates;
    for (let number = 0; number < this.#targets.columnCount; number += 1)
      if (isEligible[number] === 1 && (this.#load.prefillTokens[number] ?? 0) <= prefillTokensMax)
        return false;
    return true;
  }

  #route(input: RouteInput): SchedulerEffect {
    const { requestId, prompt } = input;
    if (requestId !== null && this.#bookings.size >= this.#options.bookingsMax) {
      return rejected(
        'SCHED_BOOKINGS_FULL',
        `Cannot book request ${requestId}: ${this.#bookings.size} are booked`,
      );
    }
    const refusal = this.#markEligible(input);
    if (refusal !== null) return refusal;
    const shares = input.overrides?.assumeKvReuse ?? this.#options.assumeKvReuse;
    this.#fillColumns(prompt, shares);
    const columns = this.#candidates.columns(this.#load, this.#targets.columnCount);
    const cost = this.#costOptions(input);
    const chosen = this.#choose(columns, input, cost);
    const target = chosen === null ? null : this.#targets.at(chosen);
    if (chosen === null || target === null) {
      return rejected('SCHED_NO_ELIGIBLE_TARGETS', 'Cannot route: no target has a finite cost');
    }
    const decision = this.#decision(chosen, columns, { prompt, cost });
    if (requestId !== null) this.#book(requestId, chosen, { input, decision, cost, shares });
    return { kind: 'routed', decision };
  }

  /** Marks who may be chosen; answers with a rejection when nobody may. */
  #markEligible(input: RouteInput): SchedulerEffect | null {
    const constraints = input.constraints ?? {};
    const { isEligible } = this.#candidates;
    this.#targets.copyEligible(isEligible);
    let { eligibleCount } = this.#targets;
    if (isConstrained(constraints)) {
      for (const target of this.#targets.all()) {
        if (isEligible[target.number] !== 1 || satisfies(target, constraints)) continue;
        isEligible[target.number] = 0;
        eligibleCount -= 1;
      }
    }
    const count = this.#targets.size;
    if (count === 0) return rejected('SCHED_NO_TARGETS', 'Cannot route: no worker is registered');
    if (eligibleCount > 0) return null;
    if (constraints.pinnedWorkerId !== undefined) {
      return rejected(
        'SCHED_PINNED_UNAVAILABLE',
        `Cannot route: the pinned worker ${constraints.pinnedWorkerId} cannot take the request`,
      );
    }
    const { loraName } = constraints;
    const adapter = loraName === undefined ? '' : `, or without the adapter ${JSON.stringify(loraName)}`;
    return rejected(
      'SCHED_NO_ELIGIBLE_TARGETS',
      `Cannot route: none of the ${count} targets is eligible (draining, set aside, excluded${adapter})`,
    );
  }

  #fillColumns(prompt: PrefixQuery, shares: boolean): void {
    const { columnCount } = this.#targets;
    this.#candidates.ensureColumns(columnCount);
    this.#load.ensureColumns(columnCount);
    this.#index.match(prompt, this.#candidates.overlapBlocks(columnCount));
    const potential = this.#candidates.potentialDecodeBlocks;
    if (this.#options.trackActiveBlocks) this.#load.projectBlocks(prompt, { shares, columnCount, potential });
    else potential.fill(0);
  }

  #choose(columns: CandidateColumns, input: RouteInput, cost: CostOptions): number | null {
    const { mode, blockSize } = this.#options;
    const { costs } = this.#candidates;
    if (mode === 'kv')
      computeCosts(columns, { promptTokens: input.prompt.tokenCount, blockSize }, cost, costs);
    return selectTarget(columns, costs, {
      policy: this.#policy(input),
      prng: this.#prng,
      lastTurns: this.#candidates.lastTurns,
    });
  }

  #policy(input: RouteInput): SelectionPolicy {
    const { mode } = this.#options;
    switch (mode) {
      case 'kv':
        return { kind: 'softmax', temperature: input.overrides?.temperature ?? this.#options.temperature };
      case 'round-robin':
        return { kind: 'roundRobin' };
      case 'random':
        return { kind: 'random' };
      default:
        return assertNever(mode);
    }
  }

  #costOptions(input: RouteInput): CostOptions {
    const { overrides } = input;
    if (overrides === undefined) return this.#options.cost;
    return {
      ...this.#options.cost,
      overlapScoreCredit: overrides.overlapScoreCredit ?? this.#options.cost.overlapScoreCredit,
      prefillLoadScale: overrides.prefillLoadScale ?? this.#options.cost.prefillLoadScale,
      trackPrefillTokens: overrides.trackPrefillTokens ?? this.#options.cost.trackPrefillTokens,
    };
  }

  #decision(
    chosen: number,
    columns: CandidateColumns,
    { prompt, cost }: { prompt: RouteInput['prompt']; cost: CostOptions },
  ): Decision {
    const target = this.#targets.at(chosen);
    if (target === null) throw new TypeError(`Cannot decide for target ${chosen}: it is gone`);
    const overlapBlocks = columns.overlapBlocks[chosen] ?? 0;
    const { blockSize, mode } = this.#options;
    const shape = { promptTokens: prompt.tokenCount, blockSize };
    return {
      workerId: target.workerId,
      rank: target.rank,
      overlapBlocks,
      promptBlocks: prompt.blockCount,
      cachedTokens: overlapBlocks * blockSize,
      cost: mode === 'kv' ? (this.#candidates.costs[chosen] ?? 0) : 0,
      terms: mode === 'kv' ? explainCost(columns, chosen, shape, cost) : [],
    };
  }

  #book(
    requestId: RequestId,
    target: number,
    booked: { input: RouteInput; decision: Decision; cost: CostOptions; shares: boolean },
  ): void {
    const { input, decision, cost, shares } = booked;
    const { prompt } = input;
    const tracksBlocks = this.#options.trackActiveBlocks;
    this.#turn += 1;
    this.#candidates.lastTurns[target] = this.#turn;
    if (tracksBlocks && shares) prompt.hashTo(prompt.blockCount);
    this.#bookings.add(requestId, input.nowMs, {
      target,
      prefillTokens: cost.trackPrefillTokens ? Math.max(0, prompt.tokenCount - decision.cachedTokens) : 0,
      words: tracksBlocks && shares ? prompt.words.slice(0, prompt.blockCount * 2) : null,
      ownBlocks: tracksBlocks && !shares ? prompt.blockCount : 0,
    });
  }
}

function rejected(code: RejectionCode, message: string): SchedulerEffect {
  return { kind: 'rejected', code, message };
}

/** What became of a request that waited. */
type Settled = Extract<SchedulerEffect, { kind: 'placed' | 'refused' }>;

function settledAs({ requestId }: WaitingRequest, effect: SchedulerEffect): Settled {
  if (effect.kind === 'routed') return { kind: 'placed', requestId, decision: effect.decision };
  if (effect.kind === 'rejected') return { ...effect, kind: 'refused', requestId };
  throw new TypeError(`Cannot place request ${requestId}: the choice answered ${effect.kind}`);
}

/** The same for who has just asked. */
function asAnswer(settled: Settled): SchedulerEffect {
  return settled.kind === 'placed'
    ? { kind: 'routed', decision: settled.decision }
    : rejected(settled.code, settled.message);
}

/** Whether a target may have less to do, or there may be another one, after this. */
function mayMakeRoom({ kind }: SchedulerInput): boolean {
  switch (kind) {
    case 'prefillCompleted':
    case 'freed':
    case 'targetAdded':
    case 'targetUpdated':
    case 'targetRemoved':
    case 'peerLoads':
    case 'peerGone':
    case 'tick':
      return true;
    default:
      return false;
  }
}
