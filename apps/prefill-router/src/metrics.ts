import type { WorkerOutcome } from '@kvasir/worker-health';
import type { Counter, Metrics } from '@kvasir/service';

/** How a Generate call ended; `rejected` never reached an engine. */
export type GenerateOutcome = 'completed' | 'cancelled' | 'rejected' | WorkerOutcome;

/** What this app counts beyond its router. */
export interface PrefillRouterMetrics {
  readonly generated: Counter<'outcome'>;
  readonly retries: Counter<'reason'>;
}

export function createPrefillRouterMetrics(metrics: Metrics): PrefillRouterMetrics {
  return {
    generated: metrics.counter({
      name: 'kvasir_router_generate_calls_total',
      help: 'Generate calls by how they ended.',
      labels: ['outcome'],
    }),
    retries: metrics.counter({
      name: 'kvasir_router_generate_retries_total',
      help: 'Times that a Generate call went on to another worker, by what the last one did.',
      labels: ['reason'],
    }),
  };
}
