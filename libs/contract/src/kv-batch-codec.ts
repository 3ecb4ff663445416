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
}

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

export function encodeKvAnnouncement(header: WireHeader, batchNumber: number): Uint8Array {
  return bytesOf(header.begin(MESSAGE_TYPES.announcement, batchNumber, 0, 0));
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
  if (message.count !== 0 || message.words.length !== message.bodyStart)
    return malformed('an announcement has no body');
  return {
    kind: 'announcement',
    announcement: { source: message.source, batchNumber: message.batchNumber },
  };
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
