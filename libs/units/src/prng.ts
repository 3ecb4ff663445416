/** Returns the next number, uniform in [0, 1). Cores get one injected; they never make their own. */
export type Prng = () => number;

/**
 * Seeded 32-bit generator (mulberry32): the same seed gives the same sequence everywhere.
 * Good enough for tie-breaking, sampling and synthetic workloads; not for secrets.
 */
export function seededPrng(seed: number): Prng {
  let state = seed >>> 0;
  return () => {
    state = (state + 0x6d2b79f5) >>> 0;
    let mixed = Math.imul(state ^ (state >>> 15), state | 1);
    mixed ^= mixed + Math.imul(mixed ^ (mixed >>> 7), mixed | 61);
    return ((mixed ^ (mixed >>> 14)) >>> 0) / 4294967296;
  };
}
