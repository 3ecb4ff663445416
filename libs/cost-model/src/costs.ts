import type { CandidateColumns, PromptShape } from './columns.js';
import type { CostOptions } from './options.js';

/** One named part of a cost. The parts of a target sum to its cost. */
export interface CostTerm {
  readonly name: 'prefillLoad' | 'overlapCredit' | 'decodeLoad' | 'activeRequests';
  readonly value: number;
  readonly unit: 'blocks';
}

/** The numbers that a cost is made of, in blocks. */
interface Parts {
  /** Waiting prefill plus the whole prompt, unscaled. */
  readonly prefillBlocks: number;
  /** What the overlap takes off, never more than there is. */
  readonly creditBlocks: number;
}

/**
 * Costs of all eligible targets in blocks, lower is better; Infinity where a target may not be chosen.
 *
 * `prefillLoadScale * max(0, prefill blocks - credit) + decode blocks + weight * active requests`, where prefill blocks are the waiting tokens
 * plus the whole prompt, and credit is `overlapScoreCredit * decay * overlap` (linear form after the routing documentation of NVIDIA Dynamo).
 * A block that every target holds lowers every cost alike and so changes no choice; and since waiting work and overlap are on one scale,
 * affinity gives way to load gradually. O(targets), no allocation.
 *
 * @param costs filled for targets below `columns.targetCount`.
 */
export function computeCosts(
  columns: CandidateColumns,
  prompt: PromptShape,
  options: CostOptions,
  costs: Float64Array,
): void {
  const {
    targetCount,
    isEligible,
    overlapBlocks,
    activePrefillTokens,
    potentialDecodeBlocks,
    activeRequests,
  } = columns;
  const least = leastPrefillTokens(columns);
  const promptBlocks = promptBlocksOf(prompt);
  const decays = options.trackPrefillTokens && options.overlapScoreCreditDecay > 0;
  for (let target = 0; target < targetCount; target += 1) {
    if (isEligible[target] !== 1) {
      costs[target] = Infinity;
      continue;
    }
    const waiting = activePrefillTokens[target] ?? 0;
    const raw = options.trackPrefillTokens ? (waiting + prompt.promptTokens) / prompt.blockSize : 0;
    const decay = decays
      ? 1 / (1 + (options.overlapScoreCreditDecay * ((waiting - least) / prompt.blockSize)) / promptBlocks)
      : 1;
    const credit = options.overlapScoreCredit * decay * (overlapBlocks[target] ?? 0);
    costs[target] =
      options.prefillLoadScale * Math.max(0, raw - credit) +
      (potentialDecodeBlocks[target] ?? 0) +
      options.decodeActiveRequestWeight * (activeRequests[target] ?? 0);
  }
}

/** The named terms of one target's cost, in the order they are added. */
export function explainCost(
  columns: CandidateColumns,
  target: number,
  prompt: PromptShape,
  options: CostOptions,
): readonly CostTerm[] {
  const { prefillBlocks, creditBlocks } = partsOf(columns, target, prompt, options);
  return [
    { name: 'prefillLoad', value: options.prefillLoadScale * prefillBlocks, unit: 'blocks' },
    // Zero without a sign: it is read by people.
    { name: 'overlapCredit', value: 0 - options.prefillLoadScale * creditBlocks, unit: 'blocks' },
    { name: 'decodeLoad', value: columns.potentialDecodeBlocks[target] ?? 0, unit: 'blocks' },
    {
      name: 'activeRequests',
      value: options.decodeActiveRequestWeight * (columns.activeRequests[target] ?? 0),
      unit: 'blocks',
    },
  ];
}

function partsOf(
  columns: CandidateColumns,
  target: number,
  prompt: PromptShape,
  options: CostOptions,
): Parts {
  if (!options.trackPrefillTokens) return { prefillBlocks: 0, creditBlocks: 0 };
  const waiting = columns.activePrefillTokens[target] ?? 0;
  const prefillBlocks = (waiting + prompt.promptTokens) / prompt.blockSize;
  const excess = (waiting - leastPrefillTokens(columns)) / prompt.blockSize / promptBlocksOf(prompt);
  const decay = 1 / (1 + options.overlapScoreCreditDecay * excess);
  const credit = options.overlapScoreCredit * decay * (columns.overlapBlocks[target] ?? 0);
  return { prefillBlocks, creditBlocks: Math.min(prefillBlocks, credit) };
}

function promptBlocksOf(prompt: PromptShape): number {
  return Math.max(1, Math.ceil(prompt.promptTokens / prompt.blockSize));
}

function leastPrefillTokens(columns: CandidateColumns): number {
  let least = Infinity;
  for (let target = 0; target < columns.targetCount; target += 1) {
    if (columns.isEligible[target] !== 1) continue;
    least = Math.min(least, columns.activePrefillTokens[target] ?? 0);
  }
  return least === Infinity ? 0 : least;
}
