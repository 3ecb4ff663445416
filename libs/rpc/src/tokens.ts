import { rpcError } from './errors.js';

const TOKEN_BYTES = 4;
const hostIsLittleEndian = new Uint8Array(Uint32Array.of(1).buffer)[0] === 1;

/** Token ids as little-endian u32 on the wire; on a little-endian host a view of the same memory, so do not change it before it is sent. */
export function encodeTokens(tokens: Uint32Array): Buffer {
  return encodeWords(tokens);
}

/**
 * Token ids in fresh, aligned memory: what arrives is a view into a frame at any offset.
 * @throws RpcError `RPC_INVALID_TOKENS` when the length is not a multiple of 4 bytes.
 */
export function decodeTokens(bytes: Uint8Array): Uint32Array {
  if (bytes.length % TOKEN_BYTES !== 0)
    throw rpcError(
      'RPC_INVALID_TOKENS',
      `Cannot read token_ids: ${bytes.length} bytes is not a multiple of ${TOKEN_BYTES}`,
    );
  return decodeWords(bytes);
}

/** Little-endian u32 words as bytes; also block hashes, as interleaved (lo, hi) words. */
export function encodeWords(words: Uint32Array): Buffer {
  const bytes = Buffer.from(words.buffer, words.byteOffset, words.byteLength);
  return hostIsLittleEndian ? bytes : Buffer.from(bytes).swap32();
}

/** The words of bytes whose length is a multiple of 4, copied. */
export function decodeWords(bytes: Uint8Array): Uint32Array {
  const words = new Uint32Array(bytes.length / TOKEN_BYTES);
  const copy = Buffer.from(words.buffer);
  copy.set(bytes);
  if (!hostIsLittleEndian) copy.swap32();
  return words;
}
