import type { CandidateColumns, PromptShape } from '../columns.js';
import { checkCostOptions } from '../options.js';
import type { CostOptions } from '../options.js';

/** One named part of a cost. The parts of a target sum to its cost. */
export interface CostTerm {
  readonly name: 'prefillLoad' | 'overlapCredit' | 'decodeLoad' | 'activeRequests';
  readonly value: number;
  readonly unit: 'blocks';
}

/**
 * Costs of all eligible targets in blocks, lower is better; Infinity where a target may not be chosen.
 *
 * ```
 * prefill = (waiting tokens + prompt tokens) / block size
 * credit  = overlapScoreCredit · decay · overlap blocks
 * decay   = 1 / (1 + overlapScoreCreditDecay · (waiting tokens − least waiting) / block size / prompt blocks)
 * cost    = prefillLoadScale · max(0, prefill − credit) + decode blocks + decodeActiveRequestWeight · requests
 * ```
 *
 * Where prefill is not tracked there is none to take the credit from: it comes off the decode blocks,
 * `max(0, decode blocks − credit)`, without decay. (Both forms after the routing documentation of NVIDIA Dynamo, its linear policy.)
 *
 * A block that every target holds lowers every cost alike and so changes no choice; and since waiting work and overlap are on one scale,
 * affinity gives way to load gradually, never at a threshold. O(targets), no allocation.
 *
 * @param costs filled for targets below `columns.targetCount`.
 * @throws RangeError for an option, a prompt or a load that is not finite: it would decide every choice.
 */
export function computeCosts(
  columns: CandidateColumns,
  prompt: PromptShape,
  options: CostOptions,
  costs: Float64Array,
): void {
  checkCostOptions(options);
  checkPrompt(prompt);
  if (options.trackPrefillTokens) weighPrefillAndDecode(columns, prompt, options, costs);
  else weighDecode(columns, options, costs);
}

/** The named terms of one target's cost, in the order they are added. The target must be eligible. O(targets) when credit decays, else O(1). */
export function explainCost(
  columns: CandidateColumns,
  target: number,
  prompt: PromptShape,
  options: CostOptions,
): readonly CostTerm[] {
  const decode = columns.potentialDecodeBlocks[target] ?? 0;
  const overlap = columns.overlapBlocks[target] ?? 0;
  const requests = options.decodeActiveRequestWeight * (columns.activeRequests[target] ?? 0);
  if (!options.trackPrefillTokens) {
    const credit = Math.min(decode, options.overlapScoreCredit * overlap);
    return termsOf(0, credit, decode, requests);
  }
  const waiting = columns.activePrefillTokens[target] ?? 0;
  const prefill = (waiting + prompt.promptTokens) / prompt.blockSize;
  const excess = decayPerToken(prompt, options) * (waiting - leastPrefillTokens(columns, options));
  const credit = Math.min(prefill, (options.overlapScoreCredit * overlap) / (1 + excess));
  const scale = options.prefillLoadScale;
  return termsOf(scale * prefill, scale * credit, decode, requests);
}

function weighPrefillAndDecode(
  columns: CandidateColumns,
  prompt: PromptShape,
  options: CostOptions,
  costs: Float64Array,
): void {
  const { targetCount, isEligible, overlapBlocks, activePrefillTokens } = columns;
  const { potentialDecodeBlocks, activeRequests } = columns;
  const { overlapScoreCredit, prefillLoadScale, decodeActiveRequestWeight } = options;
  const { promptTokens, blockSize } = prompt;
  const least = leastPrefillTokens(columns, options);
  const decay = decayPerToken(prompt, options);
  for (let target = 0; target < targetCount; target += 1) {
    if (isEligible[target] !== 1) {
      costs[target] = Infinity;
      continue;
    }
    const waiting = activePrefillTokens[target] ?? 0;
    const credit = (overlapScoreCredit * (overlapBlocks[target] ?? 0)) / (1 + decay * (waiting - least));
    const prefill = (waiting + promptTokens) / blockSize - credit;
    const cost =
      prefillLoadScale * Math.max(0, prefill) +
      (potentialDecodeBlocks[target] ?? 0) +
      decodeActiveRequestWeight * (activeRequests[target] ?? 0);
    if (!(cost < Infinity)) refuseCost(target, cost);
    costs[target] = cost;
  }
}

function weighDecode(columns: CandidateColumns, options: CostOptions, costs: Float64Array): void {
  const { targetCount, isEligible, overlapBlocks, potentialDecodeBlocks, activeRequests } = columns;
  const { overlapScoreCredit, decodeActiveRequestWeight } = options;
  for (let target = 0; target < targetCount; target += 1) {
    if (isEligible[target] !== 1) {
      costs[target] = Infinity;
      continue;
    }
    const decode = (potentialDecodeBlocks[target] ?? 0) - overlapScoreCredit * (overlapBlocks[target] ?? 0);
    const cost = Math.max(0, decode) + decodeActiveRequestWeight * (activeRequests[target] ?? 0);
    if (!(cost < Infinity)) refuseCost(target, cost);
    costs[target] = cost;
  }
}

/** What one token of excess adds to the credit's divisor; 0 when credit does not decay. */
function decayPerToken({ promptTokens, blockSize }: PromptShape, options: CostOptions): number {
  const promptBlocks = Math.max(1, Math.ceil(promptTokens / blockSize));
  return options.overlapScoreCreditDecay / blockSize / promptBlocks;
}

/** Least waiting prefill of the eligible targets; not looked for when credit does not decay. */
function leastPrefillTokens(columns: CandidateColumns, options: CostOptions): number {
  if (options.overlapScoreCreditDecay === 0) return 0;
  let least = Infinity;
  for (let target = 0; target < columns.targetCount; target += 1) {
    if (columns.isEligible[target] !== 1) continue;
    least = Math.min(least, columns.activePrefillTokens[target] ?? 0);
  }
  return least === Infinity ? 0 : least;
}

function termsOf(prefill: number, credit: number, decode: number, requests: number): readonly CostTerm[] {
  return [
    { name: 'prefillLoad', value: prefill, unit: 'blocks' },
    // Subtracted so that no credit is 0 without a sign: it is read by people.
    { name: 'overlapCredit', value: 0 - credit, unit: 'blocks' },
    { name: 'decodeLoad', value: decode, unit: 'blocks' },
    { name: 'activeRequests', value: requests, unit: 'blocks' },
  ];
}

function checkPrompt({ promptTokens, blockSize }: PromptShape): void {
  if (!Number.isFinite(promptTokens) || promptTokens < 0)
    throw new RangeError(
      `Cannot weigh costs: promptTokens must be a finite number of at least 0, received ${promptTokens}`,
    );
  if (!Number.isFinite(blockSize) || blockSize <= 0)
    throw new RangeError(
      `Cannot weigh costs: blockSize must be a finite number above 0, received ${blockSize}`,
    );
}

function refuseCost(target: number, cost: number): never {
  throw new RangeError(
    `Cannot weigh costs: the load of target ${target} must be finite, received a cost of ${cost}`,
  );
}
