/** What is measured of one process, or of the Redis that all use. */
export const measures = ['rssMiB', 'sockets', 'timers', 'series', 'keys'] as const;
export type Measure = (typeof measures)[number];

/** One measurement of everything, by who it is of. */
export type Sample = ReadonlyMap<string, Readonly<Partial<Record<Measure, number>>>>;

/** What may be more at the end: a share of what was, and an amount that small figures may sway by. */
const ALLOWED: Readonly<Record<Measure, { readonly share: number; readonly amount: number }>> = {
  // Node's heap is let grow between collections.
  rssMiB: { share: 0.15, amount: 12 },
  // As many as requests happen to be under way.
  sockets: { share: 0.25, amount: 12 },
  timers: { share: 0.25, amount: 20 },
  // Outcomes that come for the first time; one series left behind by each worker of the second half is more than that.
  series: { share: 0, amount: 24 },
  keys: { share: 0, amount: 4 },
};

export interface Growth {
  readonly who: string;
  readonly measure: Measure;
  /** Means of the second and of the last quarter of the samples; the first quarter is warming up. */
  readonly before: number;
  readonly after: number;
  readonly isFlat: boolean;
}

/** Compares the second quarter of the samples with the last one. @throws RangeError with less than 8 samples. */
export function growthOf(samples: readonly Sample[]): readonly Growth[] {
  if (samples.length < 8)
    throw new RangeError(`Cannot compare quarters: 8 samples are needed, received ${samples.length}`);
  const quarter = Math.floor(samples.length / 4);
  const [second, last] = [samples.slice(quarter, 2 * quarter), samples.slice(-quarter)];
  const growths: Growth[] = [];
  for (const who of samples.at(-1)?.keys() ?? [])
    for (const measure of measures) {
      const [before, after] = [mean(second, who, measure), mean(last, who, measure)];
      if (before === null || after === null) continue;
      const { share, amount } = ALLOWED[measure];
      growths.push({ who, measure, before, after, isFlat: after <= before * (1 + share) + amount });
    }
  return growths;
}

function mean(samples: readonly Sample[], who: string, measure: Measure): number | null {
  const values = samples.flatMap((sample) => sample.get(who)?.[measure] ?? []);
  return values.length === 0 ? null : values.reduce((sum, value) => sum + value, 0) / values.length;
}
