import { xxh3 as independent } from '@node-rs/xxhash';
import * as fc from 'fast-check';
import { describe, expect, it } from 'vitest';
import type { HashWords } from './hash-words.js';
import { INPUT_BYTES } from './kernel.js';
import { xxh3 } from './xxh3.js';

const toBigInt = (words: HashWords): bigint => (BigInt(words.hi) << 32n) | BigInt(words.lo);
const toWords = (value: bigint): HashWords => ({
  lo: Number(value & 0xffffffffn),
  hi: Number(value >> 32n),
});

function filled(length: number, salt: number): Uint8Array {
  const bytes = new Uint8Array(length);
  for (let index = 0; index < length; index += 1) bytes[index] = Math.imul(index + salt, 0x9e3779b1) >>> 17;
  return bytes;
}

const seeds = [0n, 1337n, 0xffffffffffffffffn, 0x8000000000000001n, 0xdeadbeef12345678n];

describe('xxh3()', { timeout: 60_000 }, () => {
  it('agrees with an independent XXH3-64 for every length to 2,200 bytes', () => {
    for (let length = 0; length <= 2200; length += 1) {
      const bytes = filled(length, length);
      for (const seed of seeds) {
        const expected = independent.xxh64(bytes, seed);
        if (toBigInt(xxh3(bytes, toWords(seed))) !== expected) {
          expect.fail(
            `length ${length}, seed ${seed}: ${toBigInt(xxh3(bytes, toWords(seed)))} is not ${expected}`,
          );
        }
      }
    }
  });

  it('agrees for inputs that go through the kernel in slices', () => {
    const around = [INPUT_BYTES, INPUT_BYTES + 1024, 2 * INPUT_BYTES, 5 * INPUT_BYTES + 63];
    for (const length of around.flatMap((middle) => [middle - 1, middle, middle + 1])) {
      const bytes = filled(length, 7);
      for (const seed of seeds) {
        expect(toBigInt(xxh3(bytes, toWords(seed)))).toBe(independent.xxh64(bytes, seed));
      }
    }
  });

  it('agrees for any bytes, any seed and any alignment', () => {
    fc.assert(
      fc.property(
        fc.uint8Array({ maxLength: 3000 }),
        fc.bigInt({ min: 0n, max: 0xffffffffffffffffn }),
        fc.nat({ max: 15 }),
        (bytes, seed, shift) => {
          const shifted = new Uint8Array(bytes.length + shift);
          shifted.set(bytes, shift);
          const view = shifted.subarray(shift);
          expect(toBigInt(xxh3(view, toWords(seed)))).toBe(independent.xxh64(bytes, seed));
        },
      ),
      { numRuns: 1000 },
    );
  });

  it('gives the published value of the empty input', () => {
    expect(toBigInt(xxh3(new Uint8Array(0), toWords(0n)))).toBe(0x2d06800538d394c2n);
  });
});
