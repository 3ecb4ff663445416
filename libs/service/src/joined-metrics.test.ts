import { describe, expect, it } from 'vitest';
import { joinMetrics } from './joined-metrics.js';
import { createMetrics } from './metrics.js';

describe('joinMetrics()', () => {
  it('puts the samples of a metric together and describes it once', async () => {
    const sets = ['one', 'two'].map((service) => {
      const metrics = createMetrics(service);
      metrics.counter({ name: 'kvasir_a_total', help: 'A # of things.' }).inc();
      metrics.histogram({ name: `kvasir_${service}_seconds`, help: 'Time.', buckets: [1] }).observe(0.5);
      metrics.counter({ name: 'kvasir_b_total', help: 'B.', labels: ['x'] }).inc({ x: 'y' }, 2);
      return metrics;
    });
    const [first = createMetrics(null), ...others] = sets;
    const lines = (await joinMetrics(first, others).render()).split('\n').filter((line) => line !== '');
    expect(lines.filter((line) => line.startsWith('#'))).toEqual([
      '# HELP kvasir_a_total A # of things.',
      '# TYPE kvasir_a_total counter',
      '# HELP kvasir_one_seconds Time.',
      '# TYPE kvasir_one_seconds histogram',
      '# HELP kvasir_b_total B.',
      '# TYPE kvasir_b_total counter',
      '# HELP kvasir_two_seconds Time.',
      '# TYPE kvasir_two_seconds histogram',
    ]);
    const at = lines.indexOf('# TYPE kvasir_a_total counter');
    expect(lines.slice(at + 1, at + 3)).toEqual([
      'kvasir_a_total{service="one"} 1',
      'kvasir_a_total{service="two"} 1',
    ]);
    expect(lines).toContain('kvasir_b_total{x="y",service="two"} 2');
  });

  it('describes a metric that has no samples', async () => {
    const metrics = createMetrics('one');
    metrics.counter({ name: 'kvasir_a_total', help: 'A.', labels: ['x'] });
    expect(await joinMetrics(metrics, []).render()).toBe(
      '# HELP kvasir_a_total A.\n# TYPE kvasir_a_total counter\n',
    );
  });
});
