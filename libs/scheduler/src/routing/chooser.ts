import { computeCosts, explainCost, selectTarget } from '@kvasir/cost-model';
import type { CandidateColumns, CostOptions, SelectionPolicy } from '@kvasir/cost-model';
import { assertNever } from '@kvasir/units';
import type { Prng } from '@kvasir/units';
import type { BookedLoad } from '../load/active-load.js';
import type { Decision, RouteInput } from '../messages.js';
import type { SchedulerOptions } from '../options.js';
import type { TargetTable } from '../targets/target-table.js';
import type { Candidates } from './candidates.js';

/** A target that was chosen, and what a booking would put on it. */
export interface Choice {
  readonly target: number;
  readonly decision: Decision;
  readonly cost: CostOptions;
  /** False counts each block of the prompt as new. */
  readonly shares: boolean;
}

/** Picks one of the candidates by the costs and the policy in force. */
export class Chooser {
  readonly #options: SchedulerOptions;
  readonly #prng: Prng;
  readonly #targets: TargetTable;
  readonly #candidates: Candidates;
  #turn = 0;

  constructor(
    options: SchedulerOptions,
    parts: { readonly prng: Prng; readonly targets: TargetTable; readonly candidates: Candidates },
  ) {
    this.#options = options;
    this.#prng = parts.prng;
    this.#targets = parts.targets;
    this.#candidates = parts.candidates;
  }

  /** Of those who are marked; null when none has a finite cost. */
  choose(input: RouteInput): Choice | null {
    const shares = input.overrides?.assumeKvReuse ?? this.#options.assumeKvReuse;
    const columns = this.#candidates.columns(input.prompt, shares);
    const cost = this.#costOptions(input);
    const target = this.#select(columns, input, cost);
    if (target === null) return null;
    return { target, cost, shares, decision: this.#decision(target, columns, { input, cost }) };
  }

  /** The choice is booked: the target has had its turn. @returns what it has to do for it. */
  take({ prompt }: RouteInput, { target, decision, cost, shares }: Choice): BookedLoad {
    const tracksBlocks = this.#options.trackActiveBlocks;
    this.#turn += 1;
    this.#candidates.table.lastTurns[target] = this.#turn;
    if (tracksBlocks && shares) prompt.hashTo(prompt.blockCount);
    return {
      target,
      prefillTokens: cost.trackPrefillTokens ? Math.max(0, prompt.tokenCount - decision.cachedTokens) : 0,
      words: tracksBlocks && shares ? prompt.words.slice(0, prompt.blockCount * 2) : null,
      ownBlocks: tracksBlocks && !shares ? prompt.blockCount : 0,
    };
  }

  #select(columns: CandidateColumns, input: RouteInput, cost: CostOptions): number | null {
    const { mode, blockSize } = this.#options;
    const { costs, lastTurns } = this.#candidates.table;
    if (mode === 'kv')
      computeCosts(columns, { promptTokens: input.prompt.tokenCount, blockSize }, cost, costs);
    return selectTarget(columns, costs, { policy: this.#policy(input), prng: this.#prng, lastTurns });
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

  #costOptions({ overrides }: RouteInput): CostOptions {
    const { cost } = this.#options;
    if (overrides === undefined) return cost;
    return {
      ...cost,
      overlapScoreCredit: overrides.overlapScoreCredit ?? cost.overlapScoreCredit,
      prefillLoadScale: overrides.prefillLoadScale ?? cost.prefillLoadScale,
      trackPrefillTokens: overrides.trackPrefillTokens ?? cost.trackPrefillTokens,
    };
  }

  #decision(
    chosen: number,
    columns: CandidateColumns,
    { input: { prompt }, cost }: { readonly input: RouteInput; readonly cost: CostOptions },
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
      cachedTokens: Math.min(overlapBlocks, reusableBlocks(prompt.tokenCount, blockSize)) * blockSize,
      cost: mode === 'kv' ? (this.#candidates.table.costs[chosen] ?? 0) : 0,
      terms: mode === 'kv' ? explainCost(columns, chosen, shape, cost) : [],
    };
  }
}

/** An engine computes at least the last token of a prompt, hence its whole block: a block that ends with it is never taken from the cache. */
function reusableBlocks(promptTokens: number, blockSize: number): number {
  return Math.max(0, Math.floor((promptTokens - 1) / blockSize));
}
