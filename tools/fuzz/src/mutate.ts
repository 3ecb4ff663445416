import type { Prng } from '@kvasir/units';
import { mutateJson } from './mutate-json.js';
import type { FuzzTarget } from './fuzz-target.js';

/** Longest input, bytes. */
export const INPUT_BYTES_MAX = 65_536;
/** Changes of one input. */
const CHANGES_MAX = 6;

const BYTES = [
  0x00, 0x01, 0x0a, 0x20, 0x22, 0x5b, 0x5c, 0x7b, 0x7f, 0x80, 0x91, 0xc1, 0xdd, 0xfe, 0xff,
] as const;
/** Lengths and counts that lie. */
const NUMBERS = [
  0, 1, 2, 7, 255, 256, 65_535, 65_536, 0x7fff_ffff, 0x8000_0000, 0xffff_fffe, 0xffff_ffff,
] as const;
const TEXTS = [
  ...['1e999', '-1', '-0', '9007199254740993', '18446744073709551616', '1'.repeat(400), '0.1e-400', 'NaN'],
  ...[
    'null',
    'true',
    '""',
    '[]',
    '{}',
    '"__proto__":',
    '\\u0000',
    '\\ud800',
    '\u0000',
    '\r\n\r\n',
    'data: ',
    '\n\n',
  ],
  ...['[[[[[[[[', '{"a":{"a":', '\u{1f600}', '../', '%00', '*'],
] as const;
/** No UTF-8: lone continuation, overlong, half a character, a surrogate. */
const BROKEN_TEXT = [
  [0x80],
  [0xc0, 0xaf],
  [0xe2, 0x82],
  [0xed, 0xa0, 0x80],
  [0xf4, 0x90, 0x80, 0x80],
  [0xff],
] as const;

/** A mutation of one of the seeds; deterministic for the state of the generator. */
export function mutate(target: FuzzTarget, seeds: readonly Uint8Array[], prng: Prng): Uint8Array {
  const pick = (): Uint8Array => seeds[below(prng, seeds.length)] ?? new Uint8Array();
  let input: Buffer = Buffer.from(pick());
  if (target.shape === 'json' && prng() < 0.6) input = mutateJson(input, prng);
  const changes = 1 + below(prng, CHANGES_MAX);
  for (let change = 0; change < changes; change += 1) input = mutateOnce(input, pick, prng);
  return input.subarray(0, INPUT_BYTES_MAX);
}

function mutateOnce(input: Buffer, pick: () => Uint8Array, prng: Prng): Buffer {
  const at = below(prng, input.length + 1);
  const to = Math.min(input.length, at + 1 + below(prng, prng() < 0.8 ? 8 : 512));
  switch (below(prng, 12)) {
    case 0:
      return overwrite(input, at, [(input[at] ?? 0) ^ (1 << below(prng, 8))]);
    case 1:
      return overwrite(input, at, [BYTES[below(prng, BYTES.length)] ?? 0]);
    case 2:
    case 3:
      return overwrite(input, prng() < 0.7 ? at - (at % 4) : at, number(prng));
    case 4:
      return cut(input, at, to);
    case 5:
      return insert(input, at, input.subarray(at, to));
    case 6:
      return repeated(input, { at, to, times: 1 << below(prng, 14) });
    case 7: {
      const other = Buffer.from(pick());
      return Buffer.concat([input.subarray(0, at), other.subarray(below(prng, other.length + 1))]);
    }
    case 8:
      return insert(input, at, Buffer.from(TEXTS[below(prng, TEXTS.length)] ?? ''));
    case 9:
      return insert(input, at, Buffer.from(BROKEN_TEXT[below(prng, BROKEN_TEXT.length)] ?? []));
    case 10:
      return input.subarray(0, at);
    default:
      return insert(input, at, Buffer.from(Array.from({ length: below(prng, 9) }, () => below(prng, 256))));
  }
}

/** A number as codecs write it: 1, 2, 4 or 8 bytes, either way round. */
function number(prng: Prng): Buffer {
  const value = NUMBERS[below(prng, NUMBERS.length)] ?? 0;
  const bytes = Buffer.alloc([1, 2, 4, 8][below(prng, 4)] ?? 4);
  const isLittle = prng() < 0.5;
  for (let index = 0; index < Math.min(4, bytes.length); index += 1) {
    const place = isLittle ? index : bytes.length - 1 - index;
    bytes[place] = (value >>> (8 * index)) & 0xff;
  }
  return bytes;
}

const insert = (input: Buffer, at: number, bytes: Uint8Array): Buffer =>
  Buffer.concat([input.subarray(0, at), bytes, input.subarray(at)]);

const cut = (input: Buffer, at: number, to: number): Buffer =>
  Buffer.concat([input.subarray(0, at), input.subarray(to)]);

function overwrite(input: Buffer, at: number, bytes: ArrayLike<number>): Buffer {
  const changed = Buffer.from(input);
  for (let index = 0; index < bytes.length && at + index < changed.length; index += 1)
    changed[at + index] = bytes[index] ?? 0;
  return changed;
}

/** Nesting and floods: a piece many times over. */
function repeated(
  input: Buffer,
  { at, to, times }: { readonly at: number; readonly to: number; readonly times: number },
): Buffer {
  const piece = input.subarray(at, to);
  const count = piece.length === 0 ? 0 : Math.min(times, Math.floor(INPUT_BYTES_MAX / piece.length));
  return insert(input, at, Buffer.concat(new Array<Buffer>(count).fill(piece)));
}

/** A whole number from 0, below a bound. */
export function below(prng: Prng, bound: number): number {
  return Math.floor(prng() * bound);
}
