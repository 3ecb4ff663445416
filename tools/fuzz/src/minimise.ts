/** Tries that making one input smaller may take. */
const TRIES_MAX = 1_500;

/** The shortest input that is found to fail too, by leaving pieces out, halves first. */
export function minimise(input: Uint8Array, fails: (candidate: Uint8Array) => boolean): Uint8Array {
  let smallest = input;
  let tries = 0;
  for (let length = smallest.length >>> 1; length > 0 && tries < TRIES_MAX; length >>>= 1) {
    for (let at = 0; at < smallest.length && tries < TRIES_MAX;) {
      const candidate = Buffer.concat([smallest.subarray(0, at), smallest.subarray(at + length)]);
      tries += 1;
      if (fails(candidate)) smallest = candidate;
      else at += length;
    }
  }
  return smallest;
}
