import { routerId, workerId } from '@kvasir/units';
import * as fc from 'fast-check';
import { describe, expect, it } from 'vitest';
import { decodePeerLoads, encodePeerLoads, PEER_LOAD_LIMITS } from './peer-load-codec.js';

const load = fc.record({
  workerId: fc.string({ unit: 'grapheme', minLength: 1, maxLength: 20 }).map(workerId),
  rank: fc.nat(),
  prefillTokens: fc.nat(),
  blocks: fc.nat(),
  requests: fc.nat(PEER_LOAD_LIMITS.requestsMax),
});
const message = fc.record({
  kind: fc.constantFrom('whole' as const, 'changes' as const, 'hello' as const, 'bye' as const),
  routerId: fc.string({ unit: 'grapheme', minLength: 1, maxLength: 20 }).map(routerId),
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

  const one = { workerId: workerId('w'), rank: 0, prefillTokens: 1, blocks: 1, requests: 1 };
  const encoded = (load: typeof one): Uint8Array =>
    encodePeerLoads({ kind: 'whole', routerId: routerId('r'), number: 1, loads: [load] });

  it.each([
    ['prefillTokens', NaN],
    ['prefillTokens', -1],
    ['prefillTokens', 1e308],
    ['blocks', Infinity],
    ['blocks', PEER_LOAD_LIMITS.blocksMax + 1],
    ['requests', PEER_LOAD_LIMITS.requestsMax + 1],
  ])('are malformed with %s of %d', (field, amount) => {
    expect(decodePeerLoads(encoded({ ...one, [field]: amount }))).toEqual({
      kind: 'malformed',
      reason: 'an amount is negative, no number or more than can be',
    });
  });

  it('are malformed when they claim more than they hold', () => {
    const bytes = Buffer.from(encoded(one));
    bytes.writeUInt32LE(0xffff_ffff, 14);
    expect(decodePeerLoads(bytes)).toMatchObject({ reason: 'it names 4294967295 targets' });
    bytes.writeUInt32LE(60_000, 14);
    expect(decodePeerLoads(bytes)).toMatchObject({ reason: 'it is too short for its loads' });
    bytes.writeUInt32LE(0xffff_ffff, 18);
    expect(decodePeerLoads(bytes)).toMatchObject({ reason: "the router's id is cut off" });
  });

  it('are malformed with an id that is none', () => {
    const bytes = Buffer.from(encoded(one));
    bytes[22] = 0xff;
    expect(decodePeerLoads(bytes)).toMatchObject({ kind: 'malformed' });
    expect(() => encoded({ ...one, workerId: workerId('w'.repeat(2_000)) })).toThrow(RangeError);
    expect(() => encoded({ ...one, workerId: workerId('') })).toThrow(RangeError);
  });
});
