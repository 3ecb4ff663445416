import { routerId, workerId } from '@kvasir/units';
import * as fc from 'fast-check';
import { describe, expect, it } from 'vitest';
import { decodePeerLoads, encodePeerLoads } from './peer-load-codec.js';

const load = fc.record({
  workerId: fc.string({ unit: 'grapheme', maxLength: 20 }).map(workerId),
  rank: fc.nat(),
  prefillTokens: fc.nat(),
  blocks: fc.nat(),
  requests: fc.nat(),
});
const message = fc.record({
  kind: fc.constantFrom('whole' as const, 'changes' as const, 'hello' as const, 'bye' as const),
  routerId: fc.string({ unit: 'grapheme', maxLength: 20 }).map(routerId),
  number: fc.nat(),
  loads: fc.array(load, { maxLength: 5 }),
});

describe('peer loads', () => {
  it('come back as they were', () => {
    fc.assert(
      fc.property(message, (sent) => {
        expect(decodePeerLoads(encodePeerLoads(sent))).toEqual(sent);
      }),
    );
  });

  it('are malformed when cut or lengthened anywhere, and never throw on any bytes', () => {
    fc.assert(
      fc.property(message, fc.nat(), (sent, at) => {
        const bytes = encodePeerLoads(sent);
        expect(decodePeerLoads(bytes.subarray(0, at % bytes.length)).kind).toBe('malformed');
        expect(decodePeerLoads(Buffer.concat([bytes, Buffer.of(0)])).kind).toBe('malformed');
      }),
    );
    fc.assert(
      fc.property(fc.uint8Array({ maxLength: 80 }), (bytes) => {
        decodePeerLoads(bytes);
      }),
    );
  });

  it('are malformed with an amount that is none', () => {
    const bad = { workerId: workerId('w'), rank: 0, prefillTokens: NaN, blocks: 0, requests: 1 };
    const bytes = encodePeerLoads({ kind: 'whole', routerId: routerId('r'), number: 1, loads: [bad] });
    expect(decodePeerLoads(bytes)).toEqual({
      kind: 'malformed',
      reason: 'an amount is negative or no number',
    });
  });
});
