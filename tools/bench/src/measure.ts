/** Percentiles of one measured figure, in the unit that it was recorded in. */
export interface Percentiles {
  readonly p50: number;
  readonly p90: number;
  readonly p99: number;
  readonly mean: number;
}

/** Nearest-rank percentiles. `samples` is sorted in place. @throws RangeError when it is empty. */
export function percentiles(samples: Float64Array): Percentiles {
  if (samples.length === 0) throw new RangeError('Cannot take percentiles: no samples, received 0');
  samples.sort();
  const at = (share: number): number =>
    samples[Math.min(samples.length - 1, Math.ceil(share * samples.length) - 1)] ?? NaN;
  let sum = 0;
  for (const sample of samples) sum += sample;
  return { p50: at(0.5), p90: at(0.9), p99: at(0.99), mean: sum / samples.length };
}

/** Times each call in microseconds, after `warmUpCalls` that are not counted. */
export function timeEach(calls: number, warmUpCalls: number, call: (index: number) => void): Percentiles {
  for (let index = 0; index < warmUpCalls; index += 1) call(index);
  const samples = new Float64Array(calls);
  for (let index = 0; index < calls; index += 1) {
    const startMs = performance.now();
    call(index);
    samples[index] = (performance.now() - startMs) * 1000;
  }
  return percentiles(samples);
}

/** The same for calls that are awaited one after the other. */
export async function timeEachAsync(
  calls: number,
  warmUpCalls: number,
  call: (index: number) => Promise<unknown>,
): Promise<Percentiles> {
  for (let index = 0; index < warmUpCalls; index += 1) await call(index);
  const samples = new Float64Array(calls);
  for (let index = 0; index < calls; index += 1) {
    const startMs = performance.now();
    await call(index);
    samples[index] = (performance.now() - startMs) * 1000;
  }
  return percentiles(samples);
}
