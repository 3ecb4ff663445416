/** Of some figures; NaN when there are none. */
export interface Percentiles {
  readonly p50: number;
  readonly p90: number;
  readonly p99: number;
}

/** Nearest rank: the smallest figure that at least that share of all do not exceed. Sorts a copy. O(n log n). */
export function percentiles(figures: readonly number[]): Percentiles {
  const sorted = Float64Array.from(figures).sort();
  const at = (share: number): number => sorted[Math.max(0, Math.ceil(share * sorted.length) - 1)] ?? NaN;
  return { p50: at(0.5), p90: at(0.9), p99: at(0.99) };
}
