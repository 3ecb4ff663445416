import type { Prng } from '@kvasir/units';

/** One decoder, and what must hold of it whatever it is given. */
export interface FuzzTarget {
  readonly name: string;
  /** How its inputs are built, so that mutations keep some of their sense. */
  readonly shape: 'bytes' | 'json' | 'text';
  /** Valid inputs. */
  seeds(prng: Prng): readonly Uint8Array[];
  /** Decodes an input. @throws anything when what must hold does not: what the decoder is allowed to throw is caught here. */
  run(input: Uint8Array): void;
  /** Encodes something valid, made by chance, and decodes it. @throws when it does not come back as it was. */
  roundTrip?(prng: Prng): void;
}

/** Something that must hold and does not. */
export class BrokenInvariant extends Error {
  override readonly name = 'BrokenInvariant';
}

export function mustHold(isTrue: boolean, what: string): void {
  if (!isTrue) throw new BrokenInvariant(what);
}

/** That two values are the same, as far as they can be written down. */
export function mustEqual(one: unknown, other: unknown, what: string): void {
  const [left, right] = [written(one), written(other)];
  mustHold(left === right, `${what}: ${left.slice(0, 300)} is not ${right.slice(0, 300)}`);
}

function written(value: unknown): string {
  return JSON.stringify(value, (_, part: unknown) => {
    if (typeof part === 'bigint') return `${part}n`;
    if (part instanceof Map) return ['map', ...part];
    if (part instanceof Uint8Array) return ['bytes', ...part];
    if (ArrayBuffer.isView(part)) return ['view', ...(part as Uint32Array)];
    return part;
  });
}
