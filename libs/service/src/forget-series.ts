/** What is needed of a metric whose series are forgotten. */
interface LabelledMetric<Label extends string> {
  get(): Promise<{
    readonly values: readonly { readonly labels: Partial<Record<Label, string | number>> }[];
  }>;
  remove(labels: Partial<Record<Label, string | number>>): void;
}

/**
 * Removes every series whose `label` has this value, whatever its other labels: of a worker, an engine or a pool that has gone for good. Without it a
 * fleet whose members come under new names would grow what each scrape has to tell, for ever.
 */
export async function forgetSeries<Label extends string>(
  metrics: readonly LabelledMetric<Label>[],
  label: Label,
  value: string,
): Promise<void> {
  for (const metric of metrics) {
    const { values } = await metric.get();
    for (const { labels } of values) if (labels[label] === value) metric.remove(withoutBucket(labels));
  }
}

/** A histogram names the buckets of a series with a label that nobody has given it. */
function withoutBucket<Labels extends object>(labels: Labels): Labels {
  const own: Labels & { le?: unknown } = { ...labels };
  delete own.le;
  return own;
}
