import { routerId } from '@kvasir/units';
import fc from 'fast-check';
import { describe, expect, it } from 'vitest';
import { decodePoolReport, encodePoolReport, POOL_REPORT_COUNT_MAX } from './pool-report-codec.js';

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

  it('is malformed with a count that no pool has, and with an id that is no text', () => {
    const bytes = Buffer.from(encodePoolReport(report));
    bytes.writeUInt32LE(POOL_REPORT_COUNT_MAX + 1, 4);
    expect(decodePoolReport(bytes)).toMatchObject({ kind: 'malformed' });
    const other = Buffer.from(encodePoolReport(report));
    other[20] = 0xff;
    expect(decodePoolReport(other)).toMatchObject({ kind: 'malformed' });
    expect(() => encodePoolReport({ ...report, routerId: routerId('') })).toThrow(RangeError);
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
