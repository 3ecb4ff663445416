import { createMetrics } from '@kvasir/service';
import { requestId } from '@kvasir/units';
import { describe, expect, it } from 'vitest';
import { createFrontendMetrics } from '../metrics.js';
import { countTargets } from './count-targets.js';
import { RequestRecord } from './request-record.js';

async function counted(fields: Partial<RequestRecord>): Promise<readonly string[]> {
  const metrics = createMetrics('test');
  const record = Object.assign(new RequestRecord(requestId('r'), 'chat', 1_000), fields);
  countTargets(
    createFrontendMetrics(metrics, {
      requestsInFlight: () => 0,
      textBytes: () => 0,
      rendersInFlight: () => 0,
      renderCacheBytes: () => 0,
      bodiesArriving: () => 0,
      bodyBytes: () => 0,
    }),
    record,
    2_000,
  );
  const text = await metrics.render();
  return text.split('\n').filter((line) => line.startsWith('kvasir_frontend_targets_total{'));
}

const hints = (ttftTargetMs: number | null, itlTargetMs: number | null) => ({
  ...{ ttftTargetMs, itlTargetMs, priority: null, sessionId: null },
});

describe('countTargets()', () => {
  it('counts each target for the pool that was to meet it', async () => {
    const pools = { prefillPool: 'p', decodePool: 'd' };
    // First token after 500 ms, then ten tokens in 500 ms.
    const stream = { ...pools, firstTokenMs: 1_500, outputTokens: 11 };
    expect(await counted({ ...stream, hints: hints(500, 49) })).toEqual([
      'kvasir_frontend_targets_total{target="ttft",pool="p",outcome="met",service="test"} 1',
      'kvasir_frontend_targets_total{target="itl",pool="d",outcome="missed",service="test"} 1',
    ]);
    expect(await counted({ ...stream, prefillPool: null, hints: hints(499, 50) })).toEqual([
      'kvasir_frontend_targets_total{target="ttft",pool="d",outcome="missed",service="test"} 1',
      'kvasir_frontend_targets_total{target="itl",pool="d",outcome="met",service="test"} 1',
    ]);
  });

  it('counts nothing that was not asked for, or cannot be seen', async () => {
    expect(await counted({ firstTokenMs: 1_500, outputTokens: 9, hints: hints(null, null) })).toEqual([]);
    expect(await counted({ firstTokenMs: null, hints: hints(1, 1) })).toEqual([]);
    expect(await counted({ firstTokenMs: 1_500, outputTokens: 1, hints: hints(null, 1) })).toEqual([]);
  });
});
