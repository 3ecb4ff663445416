import { routerId } from '@kvasir/units';
import fc from 'fast-check';
import { describe, expect, it } from 'vitest';
import { decodePoolReport, encodePoolReport } from './pool-report-codec.js';

const report = {
  routerId: routerId('router-é'),
  requestsActive: 7,
  requestsMax: 256,
  workersReady: 4,
  isSaturated: true,
};

describe('a pool report', () => {
  it('is read back as it was written', () => {
    expect(decodePoolReport(encodePoolReport(report))).toEqual(report);
    const silent = { ...report, requestsMax: null, isSaturated: false };
    expect(decodePoolReport(encodePoolReport(silent))).toEqual(silent);
  });

  it('is malformed when it is torn or something else', () => {
    const bytes = encodePoolReport(report);
    for (let length = 0; length < bytes.length; length += 1)
      expect(decodePoolReport(bytes.subarray(0, length))).toMatchObject({ kind: 'malformed' });
    fc.assert(
      fc.property(fc.uint8Array({ maxLength: 60 }), (noise) => {
        expect(decodePoolReport(noise)).toMatchObject({ kind: 'malformed' });
      }),
    );
  });
});
