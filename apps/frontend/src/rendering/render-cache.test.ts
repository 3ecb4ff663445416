import { describe, expect, it } from 'vitest';
import { RenderCache } from './render-cache.js';

const prompt = (tokens: number) => ({ prompts: [new Uint32Array(tokens)], firstMediaToken: null });

describe('RenderCache', () => {
  it('lets go what was unused for longest, and keeps to its bytes', () => {
    const cache = new RenderCache(3_000);
    for (const key of ['a', 'b']) cache.set(key, prompt(300));
    expect(cache.bytes).toBe(3_000);
    cache.get('a');
    cache.set('c', prompt(300));
    expect([cache.get('a'), cache.get('b'), cache.get('c')].map((known) => known !== null)).toEqual([
      true,
      false,
      true,
    ]);
    cache.set('a', prompt(100));
    expect(cache.bytes).toBe(2_200);
    cache.clear();
    expect([cache.bytes, cache.get('a')]).toEqual([0, null]);
  });

  it('keeps nothing that is larger than it', () => {
    const cache = new RenderCache(1_000);
    cache.set('a', prompt(10));
    cache.set('b', prompt(1_000));
    expect([cache.get('a'), cache.get('b')].map((known) => known !== null)).toEqual([true, false]);
  });
});
