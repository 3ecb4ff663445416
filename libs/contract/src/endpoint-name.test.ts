import fc from 'fast-check';
import { describe, expect, it } from 'vitest';
import { formatEndpointName, parseEndpointName } from './endpoint-name.js';

describe('parseEndpointName()', () => {
  it('reads namespace, component and endpoint', () => {
    expect(parseEndpointName('kvasir.prefill.generate')).toEqual({
      namespace: 'kvasir',
      component: 'prefill',
      endpoint: 'generate',
    });
  });

  it.each([
    '',
    'kvasir',
    'kvasir.prefill',
    'kvasir.prefill.generate.more',
    'kvasir..generate',
    '.prefill.generate',
    'Kvasir.prefill.generate',
    'kvasir.pre fill.generate',
    'kvasir.pre*.generate',
    'kvasir.-prefill.generate',
    'kvasir.prefill-.generate',
    `kvasir.${'p'.repeat(64)}.generate`,
    'kvasir.präfill.generate',
  ])('refuses %j', (text) => {
    expect(parseEndpointName(text)).toBeNull();
  });

  it('takes parts of 1 and of 63 characters', () => {
    expect(parseEndpointName(`a.${'b'.repeat(63)}.c_d-e`)).not.toBeNull();
  });

  it('reads back whatever formatEndpointName() writes', () => {
    const part = fc.stringMatching(/^[a-z0-9]([a-z0-9_-]{0,10}[a-z0-9])?$/);
    fc.assert(
      fc.property(fc.record({ namespace: part, component: part, endpoint: part }), (name) => {
        expect(parseEndpointName(formatEndpointName(name))).toEqual(name);
      }),
    );
  });
});
