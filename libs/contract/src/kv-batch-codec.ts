import { KvEventWords, readEvents } from './kv-event-words.js';
import type { KvEventBatch } from './kv-events.js';
import type { KvSource } from './subjects.js';
import {
  bytesOf,
  malformed,
  MESSAGE_TYPES,
  readMessage,
  WireHeader,
  type Malformed,
  type WireMessage,
} from './wire-words.js';

/** Says which batch a rank published last, so that a receiver notices when the newest ones were lost and nothing follows them. */
export interface KvAnnouncement {
  readonly source: KvSource;
  /** 0 when nothing has been published yet. */
  readonly batchNumber: number;
  /** Of the whole set that the rank holds at that number; null when the publisher does not say. */
  readonly digest: KvSetDigest | null;
}

/** What a set of blocks adds up to in any order: equal sets have equal digests, and unequal ones hardly ever. */
export interface KvSetDigest {
  readonly lo: number;
  readonly hi: number;
  readonly blockCount: number;
}

const DIGEST_WORDS = 3;

/** What travels on a KV event subject. */
export type KvMessage =
  | { readonly kind: 'batch'; readonly batch: KvEventBatch }
  | { readonly kind: 'announcement'; readonly announcement: KvAnnouncement };

/**
 * Encodes a batch: 6 words and the ids, then 1 to 3 words per event and 8 bytes per block.
 * @throws RangeError when a field is out of its range (a number below 1, an odd count of words, an empty id).
 */
export function encodeKvEventBatch(batch: KvEventBatch): Uint8Array {
  const words = new KvEventWords();
  for (const event of batch.events) words.event(event);
  return encodeKvEventWords(new WireHeader(batch), batch.batchNumber, words);
}

/** Encodes collected events as one batch of the header's source; the events stay collected. */
export function encodeKvEventWords(
  header: WireHeader,
  batchNumber: number,
  events: KvEventWords,
): Uint8Array {
  if (batchNumber < 1)
    throw new RangeError(`Cannot encode a KV event batch: numbers begin at 1, received ${batchNumber}`);
  const message = header.begin(MESSAGE_TYPES.batch, batchNumber, events.eventCount, events.wordCount);
  events.copyTo(message, header.words.length);
  return bytesOf(message);
}

/** Says which batch is the newest, with the digest of the set it leaves (words: low, high, count) or without. */
export function encodeKvAnnouncement(
  header: WireHeader,
  batchNumber: number,
  digest: KvSetDigest | null = null,
): Uint8Array {
  const words = digest === null ? 0 : DIGEST_WORDS;
  const message = header.begin(MESSAGE_TYPES.announcement, batchNumber, 0, words);
  if (digest !== null) message.set([digest.lo, digest.hi, digest.blockCount], header.words.length);
  return bytesOf(message);
}

/**
 * Decodes a batch. Never throws and never reads outside `bytes`.
 * Hashes are views of `bytes` when those lie on a 4-byte boundary (else of one copy): whoever keeps them keeps the message's memory.
 */
export function decodeKvEventBatch(
  bytes: Uint8Array,
): { readonly kind: 'batch'; readonly batch: KvEventBatch } | Malformed {
  const message = decodeKvMessage(bytes);
  return message.kind === 'announcement' ? malformed('is an announcement, no batch') : message;
}

/** Decodes what came on a KV event subject, like `decodeKvEventBatch`. */
export function decodeKvMessage(bytes: Uint8Array): KvMessage | Malformed {
  const message = readMessage(bytes);
  if (message.kind === 'malformed') return message;
  if (message.type === MESSAGE_TYPES.batch) return readBatch(message);
  if (message.type !== MESSAGE_TYPES.announcement)
    return malformed(`message type ${message.type} is no KV event message`);
  const digest = readDigest(message);
  if (message.count !== 0 || digest === undefined)
    return malformed('an announcement has no body but a digest');
  return {
    kind: 'announcement',
    announcement: { source: message.source, batchNumber: message.batchNumber, digest },
  };
}

/** Null without one, undefined for a body that is none. */
function readDigest({ words, bodyStart }: WireMessage): KvSetDigest | null | undefined {
  if (words.length === bodyStart) return null;
  if (words.length !== bodyStart + DIGEST_WORDS) return undefined;
  const [lo = 0, hi = 0, blockCount = 0] = words.subarray(bodyStart);
  return { lo, hi, blockCount };
}

/** Reads the body of a batch message. */
export function readBatch(
  message: WireMessage,
): { readonly kind: 'batch'; readonly batch: KvEventBatch } | Malformed {
  if (message.batchNumber < 1) return malformed('batch numbers begin at 1');
  const events = readEvents(message.words, message.bodyStart, message.count);
  if (!Array.isArray(events)) return events;
  const { workerId, incarnation, rank } = message.source;
  return {
    kind: 'batch',
    batch: { workerId, incarnation, rank, batchNumber: message.batchNumber, events },
  };
}
