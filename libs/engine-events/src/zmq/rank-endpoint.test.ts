import { describe, expect, it } from 'vitest';
import { rankEndpoint, rankEndpointProblem } from './rank-endpoint.js';

describe('rankEndpoint()', () => {
  it('puts ranks on the next ports, and tells apart what has no ports', () => {
    expect([0, 3].map((rank) => rankEndpoint('tcp://gpu:5557', rank))).toEqual([
      'tcp://gpu:5557',
      'tcp://gpu:5560',
    ]);
    expect([0, 1].map((rank) => rankEndpoint('inproc://kv', rank))).toEqual([
      'inproc://kv',
      'inproc://kv_dp1',
    ]);
    expect(rankEndpoint('ipc:///tmp/kv', 0)).toBe('ipc:///tmp/kv');
  });

  it.each(['ipc:///tmp/kv', 'tcp://*:*', 'tcp://[::]:0', 'tcp://gpu:65535'])(
    'has no place for a second rank at %s',
    (base) => {
      expect(rankEndpointProblem(base, 1)).toBeNull();
      expect(rankEndpointProblem(base, 2)).not.toBeNull();
      expect(() => rankEndpoint(base, 1)).toThrow(RangeError);
    },
  );

  it('has room up to the last port', () => {
    expect(rankEndpointProblem('tcp://[::1]:65534', 2)).toBeNull();
    expect(rankEndpointProblem('tcp://[::1]:65534', 3)).toMatch(/65535/);
    expect(rankEndpointProblem('inproc://kv', 2)).toBeNull();
  });
});
