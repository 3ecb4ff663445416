import type { CandidateColumns } from '@kvasir/cost-model';
import type { PrefixQuery, RadixIndex } from '@kvasir/radix-index';
import type { ActiveLoad } from '../load/active-load.js';
import type {
  OverlapScore,
  PotentialLoad,
  RouteConstraints,
  RouteInput,
  SchedulerEffect,
} from '../messages.js';
import { rejected } from '../rejected.js';
import type { TargetTable } from '../targets/target-table.js';
import { CandidateTable } from './candidate-table.js';
import { isConstrained, satisfies } from './eligibility.js';

export interface CandidatesParts {
  readonly targets: TargetTable;
  readonly index: RadixIndex;
  readonly load: ActiveLoad;
  /** Tokens per block. */
  readonly blockSize: number;
  /** False leaves the blocks of running requests out. */
  readonly trackActiveBlocks: boolean;
}

/** Who may take a request, and what each one holds and would have to do: the columns that a choice is made from. */
export class Candidates {
  readonly table = new CandidateTable();
  readonly #parts: CandidatesParts;

  constructor(parts: CandidatesParts) {
    this.#parts = parts;
  }

  /** Marks who may be chosen, rather those who are passed over than nobody; answers with a rejection when nobody may. */
  mark(input: RouteInput): SchedulerEffect | null {
    const { targets } = this.#parts;
    const constraints = input.constraints ?? {};
    const { isEligible } = this.table;
    targets.copyEligible(isEligible);
    let { eligibleCount } = targets;
    if (isConstrained(constraints)) {
      for (const target of targets.all()) {
        if (isEligible[target.number] !== 1 || satisfies(target, constraints)) continue;
        isEligible[target.number] = 0;
        eligibleCount -= 1;
      }
    }
    return eligibleCount > 0 || this.#markAtNeed(constraints) ? null : nobody(targets.size, input);
  }

  /** Marks those who are passed over while others can serve. @returns false when there is none of them either. */
  #markAtNeed(constraints: RouteConstraints): boolean {
    const { isEligible } = this.table;
    let isAnybody = false;
    for (const target of this.#parts.targets.all()) {
      if (!target.servesAtNeed || !satisfies(target, constraints)) continue;
      isEligible[target.number] = 1;
      isAnybody = true;
    }
    return isAnybody;
  }

  /** Whether every target that is marked has more to compute than it may. */
  areBusy(prefillTokensMax: number): boolean {
    const { targets, load } = this.#parts;
    const { isEligible } = this.table;
    for (let number = 0; number < targets.columnCount; number += 1)
      if (isEligible[number] === 1 && (load.prefillTokens[number] ?? 0) <= prefillTokensMax) return false;
    return true;
  }

  /** What each target holds of the prompt and would have to do with it. @param shares false counts each block of the prompt as new. */
  columns(prompt: PrefixQuery, shares: boolean): CandidateColumns {
    const { targets, load, index, trackActiveBlocks } = this.#parts;
    const { columnCount } = targets;
    this.ensureColumns();
    index.match(prompt, this.table.overlapBlocks(columnCount));
    const potential = this.table.potentialDecodeBlocks;
    if (trackActiveBlocks) load.projectBlocks(prompt, { shares, columnCount, potential });
    else potential.fill(0);
    return this.table.columns(load, columnCount);
  }

  /** Makes room for every target that there is. */
  ensureColumns(): void {
    const { targets, load } = this.#parts;
    this.table.ensureColumns(targets.columnCount);
    load.ensureColumns(targets.columnCount);
  }

  /** What each target's load would be if it took this prompt; by target number. */
  potentialLoads(prompt: PrefixQuery & { readonly tokenCount: number }): readonly PotentialLoad[] {
    const { targets, blockSize } = this.#parts;
    const columns = this.columns(prompt, true);
    return [...targets.all()].map(({ workerId, rank, number }) => {
      const cachedTokens = (columns.overlapBlocks[number] ?? 0) * blockSize;
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
    const { targets, index } = this.#parts;
    this.table.ensureColumns(targets.columnCount);
    const overlapBlocks = this.table.overlapBlocks(targets.columnCount);
    index.match(prompt, overlapBlocks);
    return [...targets.all()].map(({ workerId, rank, number }) => ({
      workerId,
      rank,
      overlapBlocks: overlapBlocks[number] ?? 0,
    }));
  }
}

function nobody(targetCount: number, { constraints = {} }: RouteInput): SchedulerEffect {
  if (targetCount === 0) return rejected('SCHED_NO_TARGETS', 'Cannot route: no worker is registered');
  const { pinnedWorkerId, loraName } = constraints;
  if (pinnedWorkerId !== undefined) {
    return rejected(
      'SCHED_PINNED_UNAVAILABLE',
      `Cannot route: the pinned worker ${pinnedWorkerId} cannot take the request`,
    );
  }
  const adapter = loraName === undefined ? '' : `, or without the adapter ${JSON.stringify(loraName)}`;
  return rejected(
    'SCHED_NO_ELIGIBLE_TARGETS',
    `Cannot route: none of the ${targetCount} targets is eligible (draining, excluded${adapter})`,
  );
}
