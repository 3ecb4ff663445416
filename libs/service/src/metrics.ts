import { collectDefaultMetrics, Counter, Gauge, Histogram, Registry } from 'prom-client';

export type { Counter, Gauge, Histogram } from 'prom-client';

/** What a metric is called, what it means, and which labels it has. Label values come from unions or registered ids, never from request text. */
export interface MetricSpec<Label extends string> {
  /** Prometheus name with its unit last: `kvasir_router_route_seconds`, `…_total` for counters. */
  readonly name: string;
  readonly help: string;
  readonly labels?: readonly Label[];
}

export interface HistogramSpec<Label extends string> extends MetricSpec<Label> {
  /** Upper bounds, ascending, in the unit of the name. */
  readonly buckets: readonly number[];
}

export interface GaugeSpec<Label extends string> extends MetricSpec<Label> {
  /** Called at each scrape to set the gauge; for values that are cheaper to read than to follow. */
  readonly collect?: (gauge: Gauge<Label>) => void;
}

/** Metrics of one service; each carries the constant label `service`. Two services in one process have two of these. */
export interface Metrics {
  /** @throws Error when the name is registered already. */
  counter<Label extends string = never>(spec: MetricSpec<Label>): Counter<Label>;
  gauge<Label extends string = never>(spec: GaugeSpec<Label>): Gauge<Label>;
  histogram<Label extends string = never>(spec: HistogramSpec<Label>): Histogram<Label>;
  /** Prometheus text format, to be sent as `contentType`. */
  render(): Promise<string>;
  readonly contentType: string;
}

/** Node's own metrics of a program that is its own process: memory, event loop lag, garbage collection, open resources. Once per process. */
export function processMetrics(program: string): Metrics {
  return createMetrics(program.replaceAll('-', '_'), { process: true });
}

/**
 * @param service value of the constant label, e.g. `prefill_router`; null leaves the label out (for a process that mimics another's metrics).
 * @param options.process also publishes Node's own metrics (memory, event loop lag, garbage collection); once per process at most.
 */
export function createMetrics(service: string | null, options: { readonly process?: boolean } = {}): Metrics {
  const registry = new Registry();
  if (service !== null) registry.setDefaultLabels({ service });
  if (options.process === true) collectDefaultMetrics({ register: registry });
  const labelNames = <Label extends string>(labels: readonly Label[] | undefined) => [...(labels ?? [])];
  return {
    counter: (spec) =>
      new Counter({
        name: spec.name,
        help: spec.help,
        labelNames: labelNames(spec.labels),
        registers: [registry],
      }),
    gauge: (spec) => {
      const { collect } = spec;
      return new Gauge({
        name: spec.name,
        help: spec.help,
        labelNames: labelNames(spec.labels),
        registers: [registry],
        ...(collect === undefined
          ? {}
          : {
              collect() {
                collect(this);
              },
            }),
      });
    },
    histogram: (spec) =>
      new Histogram({
        name: spec.name,
        help: spec.help,
        labelNames: labelNames(spec.labels),
        buckets: [...spec.buckets],
        registers: [registry],
      }),
    render: () => registry.metrics(),
    contentType: registry.contentType,
  };
}
