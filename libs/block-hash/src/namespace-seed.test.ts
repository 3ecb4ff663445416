import { xxh3 as independent } from '@node-rs/xxhash';
import * as fc from 'fast-check';
import { describe, expect, it } from 'vitest';
import { DEFAULT_SEED, namespaceSeed } from './namespace-seed.js';
import { sequenceHashes } from './sequence-hashes.js';

const hashOf = (json: string): bigint => independent.xxh64(Buffer.from(json, 'utf8'), 0n);
const seedOf = (namespace: Parameters<typeof namespaceSeed>[0]): bigint => {
  const { lo, hi } = namespaceSeed(namespace);
  return (BigInt(hi) << 32n) | BigInt(lo);
};

describe('namespaceSeed()', { timeout: 60_000 }, () => {
  it('is 1337 without a namespace, empty texts included', () => {
    expect(namespaceSeed({})).toEqual({ lo: 1337, hi: 0 });
    expect(namespaceSeed({ loraName: '', cacheSalt: '' })).toBe(DEFAULT_SEED);
    expect(namespaceSeed({ loraName: undefined, cacheSalt: undefined })).toBe(DEFAULT_SEED);
  });

  it('hashes the canonical JSON, salt before adapter', () => {
    expect(seedOf({ cacheSalt: 'tenant' })).toBe(hashOf('{"salt":"tenant"}'));
    expect(seedOf({ loraName: 'sql' })).toBe(hashOf('{"lora_name":"sql"}'));
    expect(seedOf({ loraName: 'sql', cacheSalt: 'tenant' })).toBe(
      hashOf('{"salt":"tenant","lora_name":"sql"}'),
    );
    expect(seedOf({ loraName: 'sql', cacheSalt: '' })).toBe(hashOf('{"lora_name":"sql"}'));
  });

  it('encodes any text as UTF-8, of any length', () => {
    fc.assert(
      fc.property(fc.string({ unit: 'binary', minLength: 1, maxLength: 400 }), (text) => {
        expect(seedOf({ cacheSalt: text })).toBe(hashOf(JSON.stringify({ salt: text })));
      }),
      { numRuns: 500 },
    );
    expect(seedOf({ cacheSalt: 'é€😀"\\\n\u0001\ud800' })).toBe(
      hashOf(JSON.stringify({ salt: 'é€😀"\\\n\u0001\ud800' })),
    );
    const long = 'ß'.repeat(200_000);
    expect(seedOf({ cacheSalt: long })).toBe(hashOf(JSON.stringify({ salt: long })));
  });

  it('separates equal tokens of different namespaces from the first block on', () => {
    const tokens = Uint32Array.from({ length: 8 }, (_, index) => index);
    const seen = new Set<number>();
    for (const seed of [
      DEFAULT_SEED,
      namespaceSeed({ loraName: 'a' }),
      namespaceSeed({ cacheSalt: 'a' }),
      namespaceSeed({ loraName: 'a', cacheSalt: 'a' }),
    ]) {
      for (const word of sequenceHashes(tokens, 4, seed)) seen.add(word);
    }
    expect(seen.size).toBe(4 * 2 * 2);
  });
});
