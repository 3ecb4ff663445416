import { forgetSeries } from '@kvasir/service';
import type { Counter, Gauge, Histogram, Metrics } from '@kvasir/service';
import type { Pools } from './pools.js';

export interface GlobalRouterMetrics {
  readonly choices: Counter<'role' | 'pool' | 'reason'>;
  readonly cells: Counter<'role' | 'cell'>;
  readonly refusals: Counter<'pool' | 'reason'>;
  readonly probes: Counter<'pool' | 'outcome'>;
  readonly probeSeconds: Histogram<'pool'>;
  readonly spillOvers: Counter<'from' | 'to'>;
  readonly failOvers: Counter<'from' | 'to'>;
  readonly routeSeconds: Histogram<'role'>;
  readonly reloads: Counter<'outcome'>;
}

const SECONDS = [0.000_5, 0.001, 0.002, 0.005, 0.01, 0.02, 0.05, 0.1, 0.5, 2];

/** Declares the metrics of a router of pools. Label values are names of pools, roles and reasons. */
export function createGlobalRouterMetrics(metrics: Metrics, pools: () => Pools): GlobalRouterMetrics {
  declarePoolGauges(metrics, pools);
  return {
    choices: metrics.counter({
      name: 'kvasir_global_router_choices_total',
      help: 'Requests by the pool that was chosen for them and by what decided.',
      labels: ['role', 'pool', 'reason'],
    }),
    cells: metrics.counter({
      name: 'kvasir_global_router_cells_total',
      help: 'Requests by their cell of the grid, one index per axis.',
      labels: ['role', 'cell'],
    }),
    refusals: metrics.counter({
      name: 'kvasir_global_router_refused_pools_total',
      help: 'Pools that were left out of a choice, by reason.',
      labels: ['pool', 'reason'],
    }),
    probes: metrics.counter({
      name: 'kvasir_global_router_probes_total',
      help: 'Pools that were asked without booking, by what came of it.',
      labels: ['pool', 'outcome'],
    }),
    probeSeconds: metrics.histogram({
      name: 'kvasir_global_router_probe_seconds',
      help: 'Time until a probe was answered.',
      labels: ['pool'],
      buckets: SECONDS,
    }),
    spillOvers: metrics.counter({
      name: 'kvasir_global_router_spill_overs_total',
      help: 'Requests that went elsewhere because the pool of choice was saturated.',
      labels: ['from', 'to'],
    }),
    failOvers: metrics.counter({
      name: 'kvasir_global_router_fail_overs_total',
      help: 'Requests that went on to another pool because one failed before any output.',
      labels: ['from', 'to'],
    }),
    routeSeconds: metrics.histogram({
      name: 'kvasir_global_router_route_seconds',
      help: 'Time to choose a pool and to book in it.',
      labels: ['role'],
      buckets: SECONDS,
    }),
    reloads: metrics.counter({
      name: 'kvasir_global_router_config_reloads_total',
      help: 'Times that the configuration was read anew, by what came of it.',
      labels: ['outcome'],
    }),
  };
}

/** A pool that is no more has no series either. */
export async function forgetPool(from: GlobalRouterMetrics, pool: string): Promise<void> {
  const { choices, refusals, probes, probeSeconds, spillOvers, failOvers } = from;
  await forgetSeries<'role' | 'pool' | 'reason'>([choices], 'pool', pool);
  await forgetSeries<'pool' | 'reason'>([refusals], 'pool', pool);
  await forgetSeries<'pool' | 'outcome'>([probes], 'pool', pool);
  await forgetSeries<'pool'>([probeSeconds], 'pool', pool);
  for (const end of ['from', 'to'] as const)
    await forgetSeries<'from' | 'to'>([spillOvers, failOvers], end, pool);
}

function declarePoolGauges(metrics: Metrics, pools: () => Pools): void {
  const labels = ['pool', 'role'] as const;
  const requests: Gauge<'pool' | 'role'> = metrics.gauge({
    name: 'kvasir_global_router_pool_requests',
    help: 'Requests in a pool as its routers say, with those sent there since; missing when nothing fresh is known.',
    labels,
    collect: () => {
      requests.reset();
      routers.reset();
      for (const { config, report, assignedSinceReport, routerCount } of pools().states()) {
        const of = { pool: config.name, role: config.role };
        routers.set(of, routerCount);
        if (report !== null) requests.set(of, report.requestsActive + assignedSinceReport);
      }
    },
  });
  const routers: Gauge<'pool' | 'role'> = metrics.gauge({
    name: 'kvasir_global_router_pool_routers',
    help: 'Routers of a pool that are alive.',
    labels,
  });
}
