import { decodePoolReport, parseEndpointName, subjects } from '@kvasir/contract';
import { InProcessEventPlane } from '@kvasir/event-plane';
import { VirtualClock } from '@kvasir/testkit';
import { routerId } from '@kvasir/units';
import { describe, expect, it } from 'vitest';
import { POOL_REPORT_CHANGED_MS, POOL_REPORT_MS, PoolReports } from './pool-reports.js';

const endpoint = parseEndpointName('a.prefill.generate') ?? expect.fail();

describe('PoolReports', () => {
  it('tell soon of what changes, and now and then of what does not', async () => {
    const clock = new VirtualClock(0);
    const plane = new InProcessEventPlane({ clock });
    const told: (readonly [atMs: number, requestsActive: number])[] = [];
    plane.subscribe(subjects.poolReports(endpoint), ({ payload }) => {
      const report = decodePoolReport(payload);
      if ('kind' in report) return;
      told.push([clock.nowMs(), report.requestsActive]);
    });
    let requestsActive = 0;
    const reports = new PoolReports({
      ...{ plane, clock, endpoint },
      report: () => ({
        ...{ routerId: routerId('r'), requestsActive, requestsMax: null },
        ...{ workersReady: 1, isSaturated: false },
      }),
    });
    const pass = async (durationMs: number): Promise<void> => {
      for (let passedMs = 0; passedMs < durationMs; passedMs += POOL_REPORT_CHANGED_MS) {
        clock.advance(POOL_REPORT_CHANGED_MS);
        await plane.flush();
      }
    };
    await pass(300);
    requestsActive = 7;
    await pass(POOL_REPORT_MS + 200);
    reports.close();
    await pass(2 * POOL_REPORT_MS);
    expect(told).toEqual([
      [100, 0],
      [400, 7],
      [900, 7],
    ]);
    await plane.close();
  });
});
