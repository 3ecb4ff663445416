import type { EngineHash } from './engine-kv-event.js';

const U64 = 64;
const HEX_DIGITS = 16;
const HASH_BYTES_MAX = 64;
/** A number that was too long for JSON's readers. */
const DECIMAL = /^-?\d{16,20}$/;

/** A hash as it came, or null when it is none: numbers of up to 64 bits, signed or not (the same bits are the same hash), or bytes. */
export function readEngineHash(value: unknown): EngineHash | null {
  if (typeof value === 'number') {
    if (!Number.isSafeInteger(value)) return null;
    return readEngineHash(BigInt(value));
  }
  if (typeof value === 'bigint') return BigInt.asUintN(U64, value).toString(16).padStart(HEX_DIGITS, '0');
  if (value instanceof Uint8Array && value.byteLength > 0 && value.byteLength <= HASH_BYTES_MAX)
    return Buffer.from(value.buffer, value.byteOffset, value.byteLength).toString('hex');
  if (typeof value === 'string' && DECIMAL.test(value)) return readEngineHash(BigInt(value));
  if (typeof value === 'string' && value !== '' && value.length <= 2 * HASH_BYTES_MAX) return value;
  return null;
}

/** All of a list, null for each that is none; null when it is no list. */
export function readEngineHashes(value: unknown): readonly (EngineHash | null)[] | null {
  return Array.isArray(value) ? value.map(readEngineHash) : null;
}
