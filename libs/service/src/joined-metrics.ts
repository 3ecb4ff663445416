import type { Metrics } from './metrics.js';

/**
 * One page of several sets of metrics, in Prometheus text format. Sets that have a metric in common differ in their constant label;
 * the format wants all samples of a metric together and its description once.
 */
export function joinMetrics(
  first: Metrics,
  others: readonly Metrics[],
): Pick<Metrics, 'render' | 'contentType'> {
  return { contentType: first.contentType, render: () => render([first, ...others]) };
}

async function render(sets: readonly Metrics[]): Promise<string> {
  const families = new Map<string, string[]>();
  for (const text of await Promise.all(sets.map((set) => set.render()))) {
    for (const family of text.split(FAMILY_START)) {
      const [description = '', ...samples] = family.trim().split(/\n(?!#)/);
      if (description === '') continue;
      const known = families.get(description);
      if (known === undefined) families.set(description, samples);
      else known.push(...samples);
    }
  }
  return [...families].map(([description, samples]) => [description, ...samples, ''].join('\n')).join('\n');
}

const FAMILY_START = /^(?=# HELP )/m;
