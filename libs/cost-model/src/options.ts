/** How a cost is composed. Each weight is finite and not negative; 0 leaves its term out. */
export interface CostOptions {
  /** Blocks of credit per block of overlap. Above 1 favours affinity over balance. */
  readonly overlapScoreCredit: number;
  /** Weakens the credit of targets with more waiting prefill than the least loaded: 1 halves it at one request's worth of excess. */
  readonly overlapScoreCreditDecay: number;
  /** Weight of prefill work against decode blocks. */
  readonly prefillLoadScale: number;
  /** Blocks of cost per request already running. */
  readonly decodeActiveRequestWeight: number;
  /** False leaves prefill work out, e.g. for a decode pool behind a prefill pool. */
  readonly trackPrefillTokens: boolean;
}

/** Weights of a pool that computes and generates. */
export const COST_OPTIONS_DEFAULT: CostOptions = {
  overlapScoreCredit: 1,
  overlapScoreCreditDecay: 0,
  prefillLoadScale: 1,
  decodeActiveRequestWeight: 0,
  trackPrefillTokens: true,
};

/** No allocation: it is called for each request. @throws RangeError naming the weight that is not a finite number of at least 0. */
export function checkCostOptions(options: CostOptions): void {
  checkWeight('overlapScoreCredit', options.overlapScoreCredit);
  checkWeight('overlapScoreCreditDecay', options.overlapScoreCreditDecay);
  checkWeight('prefillLoadScale', options.prefillLoadScale);
  checkWeight('decodeActiveRequestWeight', options.decodeActiveRequestWeight);
}

function checkWeight(name: keyof CostOptions, value: number): void {
  if (Number.isFinite(value) && value >= 0) return;
  throw new RangeError(
    `Cannot weigh costs: ${name} must be a finite number of at least 0, received ${value}`,
  );
}
