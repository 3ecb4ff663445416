import { incarnation, workerId } from '@kvasir/units';
import type { Prng } from '@kvasir/units';
import type { KvEvent, KvSource } from '@kvasir/contract';
import { below } from '../mutate.js';

/** Values by chance that codecs must carry whole. */
export const ENDPOINT = { namespace: 'kvasir', component: 'prefill', endpoint: 'generate' } as const;

const LETTERS = [...Array.from('abcXYZ019-_.:/'), 'é', '中', '\u{1f600}'];

export function text(prng: Prng, lengthMax = 12): string {
  return Array.from(
    { length: 1 + below(prng, lengthMax) },
    () => LETTERS[below(prng, LETTERS.length)] ?? 'a',
  ).join('');
}

export function plainText(prng: Prng, lengthMax = 12): string {
  return Array.from(
    { length: 1 + below(prng, lengthMax) },
    () => 'abcdefgh0123-'[below(prng, 13)] ?? 'a',
  ).join('');
}

export function source(prng: Prng): KvSource {
  return {
    workerId: workerId(plainText(prng)),
    incarnation: incarnation(plainText(prng)),
    rank: below(prng, 8),
  };
}

export function words(prng: Prng, blocksMax = 6): Uint32Array {
  return Uint32Array.from({ length: 2 * (1 + below(prng, blocksMax)) }, () => below(prng, 2 ** 32));
}

export function kvEvent(prng: Prng): KvEvent {
  switch (below(prng, 4)) {
    case 0:
      return { kind: 'removed', hashes: words(prng) };
    case 1:
      return { kind: 'cleared' };
    default:
      return { kind: 'stored', parent: prng() < 0.5 ? null : words(prng, 1), hashes: words(prng) };
  }
}
