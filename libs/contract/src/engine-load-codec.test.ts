import { incarnation, workerId } from '@kvasir/units';
import fc from 'fast-check';
import { describe, expect, it } from 'vitest';
import { decodeEngineLoad, encodeEngineLoad, ENGINE_REQUESTS_MAX } from './engine-load-codec.js';

const source = { workerId: workerId('w-1'), incarnation: incarnation('7'), rank: 2 };

describe('a load report', () => {
  it('is read back as it was written', () => {
    const load = { runningRequests: 12, waitingRequests: 3, kvUsage: 0.4321 };
    expect(decodeEngineLoad(encodeEngineLoad({ source, load }))).toEqual({
      kind: 'load',
      report: { source, load },
    });
    const silent = { ...load, kvUsage: null };
    expect(decodeEngineLoad(encodeEngineLoad({ source, load: silent }))).toMatchObject({
      report: { load: silent },
    });
  });

  it('stays within its range', () => {
    const load = { runningRequests: -1, waitingRequests: 2 ** 40, kvUsage: 1.5 };
    expect(decodeEngineLoad(encodeEngineLoad({ source, load }))).toMatchObject({
      report: { load: { runningRequests: 0, waitingRequests: ENGINE_REQUESTS_MAX, kvUsage: 1 } },
    });
    const none = { runningRequests: NaN, waitingRequests: Infinity, kvUsage: null };
    expect(decodeEngineLoad(encodeEngineLoad({ source, load: none }))).toMatchObject({
      report: { load: { runningRequests: 0, waitingRequests: ENGINE_REQUESTS_MAX } },
    });
  });

  it('is malformed with more requests than an engine can have', () => {
    const bytes = Buffer.from(
      encodeEngineLoad({ source, load: { runningRequests: 1, waitingRequests: 1, kvUsage: 1 } }),
    );
    bytes.writeUInt32LE(ENGINE_REQUESTS_MAX + 1, bytes.length - 8);
    expect(decodeEngineLoad(bytes)).toMatchObject({ kind: 'malformed' });
  });

  it('is malformed when it is torn, and never read beyond its end', () => {
    const bytes = encodeEngineLoad({ source, load: { runningRequests: 1, waitingRequests: 1, kvUsage: 1 } });
    expect(decodeEngineLoad(bytes.subarray(0, -4))).toMatchObject({ kind: 'malformed' });
    fc.assert(
      fc.property(fc.uint8Array({ maxLength: 64 }), (noise) => {
        expect(decodeEngineLoad(noise).kind).toBe('malformed');
      }),
    );
  });
});
