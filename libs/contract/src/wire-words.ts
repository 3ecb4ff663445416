/**
 * How KV messages look on the wire: little-endian u32 words, so that hashes are copied as they lie in memory.
 *
 * | word | every message |
 * |---|---|
 * | 0 | bytes `K`, `V`, version, message type |
 * | 1, 2 | a batch number, low and high word (what it means depends on the type) |
 * | 3 | rank |
 * | 4 | bytes of the worker id, bytes of the incarnation (u16 each) |
 * | 5 | a count (what it counts depends on the type) |
 * | 6 … | the two ids in UTF-8, zero-padded to a word; then what the type carries |
 */
import { incarnation, workerId } from '@kvasir/units';
import type { KvSource } from './subjects.js';

export const HEADER_WORDS = 6;
/** Longest worker id or incarnation on the wire, in bytes of UTF-8. */
export const ID_BYTES_MAX = 1_024;
/** Batch numbers are safe integers: the high word has 21 bits. */
const NUMBER_HIGH_MAX = 0x1f_ffff;
const MAGIC_AND_VERSION = 0x01_56_4b;
const MAGIC_MASK = 0xff_ff_ff;

export const MESSAGE_TYPES = {
  batch: 1,
  announcement: 2,
  recoveryRequest: 3,
  snapshotStart: 4,
  snapshotChains: 5,
  recoveryEnd: 6,
  engineLoad: 7,
} as const;

/** Bytes that are no message. The reason is for a log line; it changes nothing else. */
export interface Malformed {
  readonly kind: 'malformed';
  readonly reason: string;
}

export const malformed = (reason: string): Malformed => ({ kind: 'malformed', reason });

if (new Uint8Array(Uint32Array.of(1).buffer)[0] !== 1)
  throw new TypeError('Cannot run on a big-endian machine: hashes travel as they lie in memory');

/**
 * Text of an id as it lies in `bytes`, or null when it is empty, longer than `ID_BYTES_MAX` or no UTF-8. Never throws.
 * `start` and `end` must lie inside `bytes`.
 */
export function readId(bytes: Uint8Array, start: number, end: number): string | null {
  if (end <= start || end - start > ID_BYTES_MAX) return null;
  // Nearly all ids are short ASCII, for which this is several times faster than a TextDecoder.
  let text = '';
  for (let at = start; at < end; at += 1) {
    const byte = bytes[at] ?? 0;
    if (byte >= 0x80) return readUtf8(bytes.subarray(start, end));
    text += String.fromCharCode(byte);
  }
  return text;
}

const textEncoder = new TextEncoder();
const textDecoder = new TextDecoder('utf-8', { fatal: true });

/** The header words of one source, made once and copied into every message it sends. */
export class WireHeader {
  /** Words 0 to 5 and the ids; number, count and type are still zero. */
  readonly words: Uint32Array;

  /** @throws RangeError when an id or the rank does not fit the wire. */
  constructor(readonly source: KvSource) {
    const worker = idBytes('worker id', source.workerId);
    const life = idBytes('incarnation', source.incarnation);
    if (!Number.isInteger(source.rank) || source.rank < 0 || source.rank > 0xffff_ffff)
      throw new RangeError(`Cannot encode a KV message: rank must be a u32, received ${source.rank}`);
    this.words = new Uint32Array(HEADER_WORDS + ((worker.length + life.length + 3) >>> 2));
    this.words[3] = source.rank;
    this.words[4] = worker.length | (life.length << 16);
    const text = new Uint8Array(this.words.buffer, HEADER_WORDS * 4);
    text.set(worker, 0);
    text.set(life, worker.length);
  }

  /**
   * A new message of this source with room for `bodyWords` behind the header.
   * @throws RangeError when the number is not a safe integer from 0.
   */
  begin(type: number, batchNumber: number, count: number, bodyWords: number): Uint32Array {
    if (!Number.isSafeInteger(batchNumber) || batchNumber < 0)
      throw new RangeError(
        `Cannot encode a KV message: batchNumber must be a safe integer from 0, received ${batchNumber}`,
      );
    const message = allocateWords(this.words.length + bodyWords);
    copyWords(this.words, this.words.length, message, 0);
    message[0] = MAGIC_AND_VERSION | (type << 24);
    message[1] = batchNumber % 2 ** 32;
    message[2] = batchNumber / 2 ** 32;
    message[5] = count;
    return message;
  }
}

/** A message whose header has been read and found right. */
export interface WireMessage {
  readonly kind: 'message';
  readonly type: number;
  readonly source: KvSource;
  readonly batchNumber: number;
  readonly count: number;
  /** The whole message; the body begins at `bodyStart`. */
  readonly words: Uint32Array;
  readonly bodyStart: number;
}

/**
 * Reads the header of a message. Reads nothing outside `bytes` and never throws.
 * The words are a view of `bytes` when those lie on a word boundary, else a copy.
 */
export function readMessage(bytes: Uint8Array): WireMessage | Malformed {
  if (bytes.byteLength < HEADER_WORDS * 4 || bytes.byteLength % 4 !== 0)
    return malformed(`length of ${bytes.byteLength} bytes is not a message`);
  const words = wordsOf(bytes);
  const magic = words[0] ?? 0;
  if ((magic & MAGIC_MASK) !== MAGIC_AND_VERSION)
    return malformed(`begins with ${magic.toString(16)}, which is not version 1 of a KV message`);
  const high = words[2] ?? 0;
  if (high > NUMBER_HIGH_MAX) return malformed('batch number is no safe integer');
  const lengths = words[4] ?? 0;
  const bodyStart = HEADER_WORDS + (((lengths & 0xffff) + (lengths >>> 16) + 3) >>> 2);
  if (bodyStart > words.length) return malformed('ids are longer than the message');
  const source = readSource(bytes, lengths, words[3] ?? 0);
  if (source.kind === 'malformed') return source;
  return {
    kind: 'message',
    type: magic >>> 24,
    source: source.source,
    batchNumber: high * 2 ** 32 + (words[1] ?? 0),
    count: words[5] ?? 0,
    words,
    bodyStart,
  };
}

function readSource(
  bytes: Uint8Array,
  lengths: number,
  rank: number,
): { kind: 'source'; source: KvSource } | Malformed {
  const workerStart = HEADER_WORDS * 4;
  const lifeStart = workerStart + (lengths & 0xffff);
  const end = lifeStart + (lengths >>> 16);
  const worker = readId(bytes, workerStart, lifeStart);
  const life = readId(bytes, lifeStart, end);
  if (worker === null || life === null) return malformed('an id is empty, too long or no UTF-8');
  for (let at = end; at % 4 !== 0; at += 1) if (bytes[at] !== 0) return malformed('padding is not zero');
  return {
    kind: 'source',
    source: { workerId: workerId(worker), incarnation: incarnation(life), rank },
  };
}

function readUtf8(bytes: Uint8Array): string | null {
  try {
    return textDecoder.decode(bytes);
  } catch {
    return null;
  }
}

function idBytes(what: string, text: string): Uint8Array {
  const bytes = textEncoder.encode(text);
  if (bytes.length === 0 || bytes.length > ID_BYTES_MAX)
    throw new RangeError(
      `Cannot encode a KV message: ${what} must have 1 to ${ID_BYTES_MAX} bytes, received ${bytes.length}`,
    );
  return bytes;
}

function wordsOf(bytes: Uint8Array): Uint32Array {
  if (bytes.byteOffset % 4 === 0)
    return new Uint32Array(bytes.buffer, bytes.byteOffset, bytes.byteLength >>> 2);
  const words = allocateWords(bytes.byteLength >>> 2);
  bytesOf(words).set(bytes);
  return words;
}

/** Small messages share memory of Node's pool (multiples of 8 bytes): an ArrayBuffer for each costs more than all the rest of encoding it. */
function allocateWords(count: number): Uint32Array {
  const bytes = Buffer.allocUnsafe(count * 4);
  return bytes.byteOffset % 4 === 0
    ? new Uint32Array(bytes.buffer, bytes.byteOffset, count)
    : new Uint32Array(count);
}

/** Below this many words a loop is faster than `set` with `subarray`. */
const LOOP_WORDS_MAX = 8;

/** Copies the first `count` words of `from` to `to`, from `start` on. */
export function copyWords(from: Uint32Array, count: number, to: Uint32Array, start: number): void {
  if (count > LOOP_WORDS_MAX) {
    to.set(count === from.length ? from : from.subarray(0, count), start);
    return;
  }
  for (let index = 0; index < count; index += 1) to[start + index] = from[index] ?? 0;
}

/** The bytes of a finished message: the same memory. */
export function bytesOf(message: Uint32Array): Uint8Array {
  return new Uint8Array(message.buffer, message.byteOffset, message.byteLength);
}
