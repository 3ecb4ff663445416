import { createMetrics } from '@kvasir/service';
import { describe, expect, it } from 'vitest';
import { createWatchMetrics, forgetEngine } from './watch-metrics.js';

describe('forgetEngine()', () => {
  it('leaves no series of an engine, and those of others', async () => {
    const metrics = createMetrics(null);
    const made = createWatchMetrics(metrics, () => undefined);
    for (const worker_id of ['gone', 'stays']) {
      for (const kind of ['stored', 'removed']) made.events.inc({ worker_id, kind });
      made.dropped.inc({ worker_id, reason: 'otherRank' });
      made.losses.inc({ worker_id, reason: 'overfull' });
      made.loadReports.inc({ worker_id, outcome: 'sent' });
      for (const counter of [made.lives, made.slowHealth, made.takeOvers]) counter.inc({ worker_id });
    }
    await forgetEngine(made, 'gone');
    const page = await metrics.render();
    expect(page).not.toContain('gone');
    expect(page.match(/worker_id="stays"/g)).toHaveLength(8);
  });
});
