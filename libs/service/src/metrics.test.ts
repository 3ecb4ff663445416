import { describe, expect, it } from 'vitest';
import { forgetSeries } from './forget-series.js';
import { createMetrics } from './metrics.js';

describe('createMetrics()', () => {
  it('puts the service label on every metric', async () => {
    const metrics = createMetrics('prefill_router');
    metrics
      .counter({ name: 'kvasir_calls_total', help: 'Calls.', labels: ['method'] })
      .inc({ method: 'Free' }, 2);
    metrics.histogram({ name: 'kvasir_call_seconds', help: 'Time.', buckets: [0.1, 1] }).observe(0.5);
    let depth = 3;
    metrics.gauge({ name: 'kvasir_depth', help: 'Depth.', collect: (gauge) => gauge.set(depth) });
    depth = 4;
    const text = await metrics.render();
    expect(text).toContain('kvasir_calls_total{method="Free",service="prefill_router"} 2');
    expect(text).toContain('kvasir_call_seconds_bucket{le="1",service="prefill_router"} 1');
    expect(text).toContain('kvasir_depth{service="prefill_router"} 4');
    expect(metrics.contentType).toContain('text/plain');
  });

  it('keeps the metrics of two services in one process apart', async () => {
    const first = createMetrics('a');
    const second = createMetrics(null);
    first.counter({ name: 'x_total', help: 'x' }).inc();
    second.counter({ name: 'x_total', help: 'x' }).inc(5);
    expect(await first.render()).toContain('x_total{service="a"} 1');
    expect(await second.render()).toContain('x_total 5');
  });

  it('refuses one name twice', () => {
    const metrics = createMetrics('a');
    metrics.counter({ name: 'x_total', help: 'x' });
    expect(() => metrics.gauge({ name: 'x_total', help: 'x' })).toThrow(/already/);
  });

  it("adds Node's own metrics when asked", async () => {
    expect(await createMetrics('a', { process: true }).render()).toContain('process_resident_memory_bytes');
    expect(await createMetrics('a').render()).not.toContain('process_resident_memory_bytes');
  });

  it('forgets every series of who has gone, and no other', async () => {
    const metrics = createMetrics(null);
    const calls = metrics.counter({ name: 'calls_total', help: 'x', labels: ['worker_id', 'outcome'] });
    const seconds = metrics.histogram({ name: 's', help: 'x', labels: ['worker_id'], buckets: [1] });
    for (const worker_id of ['a', 'b']) {
      for (const outcome of ['ok', 'failed']) calls.inc({ worker_id, outcome });
      seconds.observe({ worker_id }, 0.5);
    }
    await forgetSeries<'worker_id' | 'outcome'>([calls, seconds], 'worker_id', 'a');
    const text = await metrics.render();
    expect(text).not.toContain('worker_id="a"');
    expect(text.match(/calls_total\{worker_id="b"/g)).toHaveLength(2);
    expect(text).toContain('s_count{worker_id="b"} 1');
  });
});
