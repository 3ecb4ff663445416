import { forgetSeries } from '@kvasir/service';
import type { Counter, Gauge, Metrics } from '@kvasir/service';

export interface WatchMetrics {
  readonly events: Counter<'worker_id' | 'kind'>;
  readonly dropped: Counter<'worker_id' | 'reason'>;
  readonly losses: Counter<'worker_id' | 'reason'>;
  readonly lives: Counter<'worker_id'>;
  readonly loadReports: Counter<'worker_id' | 'outcome'>;
  readonly slowHealth: Counter<'worker_id'>;
  readonly takeOvers: Counter<'worker_id'>;
  readonly isUp: Gauge<'worker_id'>;
  readonly isDraining: Gauge<'worker_id'>;
  readonly heldBlocks: Gauge<'worker_id'>;
  readonly leftOut: Gauge<'worker_id' | 'reason'>;
}

/** @param collect sets the gauges at each scrape. */
export function createWatchMetrics(metrics: Metrics, collect: (to: WatchMetrics) => void): WatchMetrics {
  const made: WatchMetrics = {
    events: metrics.counter({
      name: 'kvasir_agent_events_total',
      help: 'KV events of engines, by kind.',
      labels: ['worker_id', 'kind'],
    }),
    dropped: metrics.counter({
      name: 'kvasir_agent_dropped_events_total',
      help: 'KV events that were left out, by reason.',
      labels: ['worker_id', 'reason'],
    }),
    losses: metrics.counter({
      name: 'kvasir_agent_event_breaks_total',
      help: 'Breaks in the stream of events: the engine began anew, or messages were lost for good.',
      labels: ['worker_id', 'reason'],
    }),
    lives: metrics.counter({
      name: 'kvasir_agent_engine_lives_total',
      help: 'Times that an engine was registered as a new life.',
      labels: ['worker_id'],
    }),
    loadReports: metrics.counter({
      name: 'kvasir_agent_load_reports_total',
      help: 'Times that an engine was asked for its load, by what came of it.',
      labels: ['worker_id', 'outcome'],
    }),
    slowHealth: metrics.counter({
      name: 'kvasir_agent_slow_health_total',
      help: 'Times that the health route did not answer in time while the engine worked.',
      labels: ['worker_id'],
    }),
    takeOvers: metrics.counter({
      name: 'kvasir_agent_take_overs_total',
      help: 'Times that an engine was taken over from another agent in the same life.',
      labels: ['worker_id'],
    }),
    isUp: metrics.gauge({
      name: 'kvasir_agent_engine_up',
      help: '1 while the engine is registered and takes requests.',
      labels: ['worker_id'],
      collect: () => collect(made),
    }),
    isDraining: metrics.gauge({
      name: 'kvasir_agent_engine_draining',
      help: '1 while the engine gets no new requests, however that came.',
      labels: ['worker_id'],
    }),
    leftOut: metrics.gauge({
      name: 'kvasir_agent_left_out_events',
      help: 'KV events of the present life of an engine that were read and left out, by reason: other tiers and groups, content that nobody else can name, orphans and the like.',
      labels: ['worker_id', 'reason'],
    }),
    heldBlocks: metrics.gauge({
      name: 'kvasir_agent_held_blocks',
      help: 'Blocks in the engine as its events tell.',
      labels: ['worker_id'],
    }),
  };
  return made;
}

/** An engine that is not looked after any more has no series either; gauges are set anew at each scrape. */
export async function forgetEngine(from: WatchMetrics, workerId: string): Promise<void> {
  const { events, dropped, losses, lives, loadReports, slowHealth, takeOvers } = from;
  await forgetSeries<'worker_id' | 'kind'>([events], 'worker_id', workerId);
  await forgetSeries<'worker_id' | 'reason'>([dropped, losses], 'worker_id', workerId);
  await forgetSeries<'worker_id' | 'outcome'>([loadReports], 'worker_id', workerId);
  await forgetSeries<'worker_id'>([lives, slowHealth, takeOvers], 'worker_id', workerId);
}
