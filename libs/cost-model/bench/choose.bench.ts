import { seededPrng } from '@kvasir/units';
import { bench, describe } from 'vitest';
import { computeCosts, COST_OPTIONS_DEFAULT, selectTarget } from '../src/index.js';
import type { CandidateColumns, SelectionPolicy } from '../src/index.js';

/** Part of the budget of 50 µs for choosing among 1,000 targets: weighing them and picking one. */
const TARGET_COUNT = 1_000;
const PROMPT = { promptTokens: 12_000, blockSize: 64 };

const prng = seededPrng(1);
const column = (most: number): Float64Array =>
  Float64Array.from({ length: TARGET_COUNT }, () => Math.floor(prng() * most));
const columns: CandidateColumns = {
  targetCount: TARGET_COUNT,
  isEligible: new Uint8Array(TARGET_COUNT).fill(1),
  overlapBlocks: Uint32Array.from({ length: TARGET_COUNT }, () => Math.floor(prng() * 180)),
  activePrefillTokens: column(50_000),
  potentialDecodeBlocks: column(2_000),
  activeRequests: column(20),
};
const costs = new Float64Array(TARGET_COUNT);
const lastTurns = new Float64Array(TARGET_COUNT);

describe(`${TARGET_COUNT} targets`, () => {
  bench('computeCosts()', () => {
    computeCosts(columns, PROMPT, COST_OPTIONS_DEFAULT, costs);
  });
  bench('computeCosts(), credit decays', () => {
    computeCosts(columns, PROMPT, { ...COST_OPTIONS_DEFAULT, overlapScoreCreditDecay: 0.5 }, costs);
  });
  const policies: readonly SelectionPolicy[] = [
    { kind: 'lowestCost' },
    { kind: 'softmax', temperature: 0.5 },
    { kind: 'roundRobin' },
    { kind: 'random' },
  ];
  for (const policy of policies) {
    bench(`selectTarget() with ${policy.kind}`, () => {
      selectTarget(columns, costs, { policy, prng, lastTurns });
    });
  }
});
