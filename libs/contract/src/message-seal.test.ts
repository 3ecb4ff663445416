import { createSecretKey } from 'node:crypto';
import fc from 'fast-check';
import { describe, expect, it } from 'vitest';
import { MessageSeal, SEAL_BYTES, withoutSeal } from './message-seal.js';

const key = (fill: number) => createSecretKey(Buffer.alloc(32, fill));
const [one, two] = [key(1), key(2)];
const sealOf = (...keys: [typeof one, ...(typeof one)[]]): MessageSeal => new MessageSeal(() => keys);
const seal = sealOf(one);

describe('a seal', () => {
  it('gives the payload back, with the time, and keeps words where they were', () => {
    fc.assert(
      fc.property(fc.uint8Array({ maxLength: 100 }), (payload) => {
        const sealed = seal.seal('a.b', payload, 1_700_000_000_123);
        expect(sealed.byteLength).toBe(payload.byteLength + SEAL_BYTES);
        expect(sealed.byteOffset % 8).toBe(0);
        const reading = seal.open('a.b', sealed);
        expect(reading).toMatchObject({ kind: 'opened', sealedAtMs: 1_700_000_000_123 });
        expect(reading.kind === 'opened' && Buffer.from(reading.payload).equals(payload)).toBe(true);
        expect(Buffer.from(withoutSeal(sealed)).equals(payload)).toBe(true);
      }),
    );
  });

  it('is wrong after any flipped bit, and missing without its mark', () => {
    const sealed = seal.seal('a.b', Uint8Array.of(1, 2, 3, 4), 5);
    for (let bit = 0; bit < sealed.length * 8; bit += 1) {
      const flipped = Uint8Array.from(sealed);
      flipped[bit >>> 3] = (flipped[bit >>> 3] ?? 0) ^ (1 << (bit & 7));
      const fault = bit >>> 3 >= sealed.length - 4 ? 'missing' : 'wrong';
      expect(seal.open('a.b', flipped)).toEqual({ kind: 'refused', fault });
    }
  });

  it('is refused elsewhere, under another key, and never thrown about', () => {
    const sealed = seal.seal('a.b', Uint8Array.of(1), 5);
    expect(seal.open('a.c', sealed)).toEqual({ kind: 'refused', fault: 'wrong' });
    expect(sealOf(two).open('a.b', sealed)).toEqual({ kind: 'refused', fault: 'wrong' });
    fc.assert(
      fc.property(fc.uint8Array({ maxLength: 60 }), (noise) => {
        expect(seal.open('a.b', noise).kind).toBe('refused');
      }),
    );
    expect(withoutSeal(Uint8Array.of(1, 2))).toEqual(Uint8Array.of(1, 2));
  });

  it('is made with the first key and opened with any, so that keys can be changed one after the other', () => {
    const [before, during, after] = [sealOf(one), sealOf(two, one), sealOf(two)];
    const text = { context: 'key:k', text: 'record' };
    const tagged = (by: MessageSeal): string => by.tagText(text.context, text.text);
    for (const [writer, reader, isBelieved] of [
      [before, during, true],
      [during, during, true],
      [during, after, true],
      [during, before, false],
    ] as const) {
      const sealed = writer.seal('s', Uint8Array.of(9), 1);
      expect(reader.open('s', sealed).kind).toBe(isBelieved ? 'opened' : 'refused');
      expect(reader.isTagOf(text.context, text.text, tagged(writer))).toBe(isBelieved);
    }
    expect(seal.isTagOf('key:k', 'another', tagged(seal))).toBe(false);
    expect(seal.isTagOf('key:k', 'record', 'no hex')).toBe(false);
  });
});
