import { createMetrics } from '@kvasir/service';
import { describe, expect, it } from 'vitest';
import { createGlobalRouterMetrics, forgetPool } from './metrics.js';
import type { Pools } from './pools.js';

describe('forgetPool()', () => {
  it('leaves no series of a pool, and those of others', async () => {
    const metrics = createMetrics(null);
    const pools = (): Pools => ({ states: () => [] }) as unknown as Pools;
    const made = createGlobalRouterMetrics(metrics, pools);
    for (const pool of ['gone', 'stays']) {
      made.choices.inc({ role: 'decode', pool, reason: 'policy' });
      made.refusals.inc({ pool, reason: 'draining' });
      made.probes.inc({ pool, outcome: 'answered' });
      made.probeSeconds.observe({ pool }, 0.01);
      made.spillOvers.inc({ from: pool, to: 'stays' });
      made.failOvers.inc({ from: 'stays', to: pool });
    }
    await forgetPool(made, 'gone');
    const page = await metrics.render();
    expect(page).not.toContain('gone');
    for (const name of ['choices', 'refused_pools', 'probes', 'spill_overs', 'fail_overs'])
      expect(page).toContain(`kvasir_global_router_${name}_total{`);
    expect(page).toContain('kvasir_global_router_probe_seconds_count{pool="stays"} 1');
  });
});
