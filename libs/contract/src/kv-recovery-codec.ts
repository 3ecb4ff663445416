import { readBatch } from './kv-batch-codec.js';
import type { KvSetDigest } from './kv-batch-codec.js';
import { readEvents, type KvEventWords } from './kv-event-words.js';
import type { HashWords, KvEventBatch } from './kv-events.js';
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

/** What a receiver lacks of one rank. */
export type KvRecoveryWant =
  /** Every batch from this number on; the publisher answers with the whole set when it no longer has them. */
  { readonly kind: 'batches'; readonly from: number } | { readonly kind: 'snapshot' };

export interface KvRecoveryRequest {
  readonly source: KvSource;
  readonly want: KvRecoveryWant;
}

/**
 * Blocks held as one run: each block's parent is the one before it, the first's is `parent` (null: root of a prompt).
 * In a snapshot a parent that is itself held comes before its children; one that is not held was removed while its child stayed.
 */
export interface KvChain {
  readonly parent: HashWords | null;
  readonly hashes: HashWords;
}

/**
 * One chunk of the answer. An answer is either batches in order, or `snapshotStart` and chains; `end` always comes last, so that a torn
 * stream is never taken for a whole one.
 */
export type KvRecoveryChunk =
  | { readonly kind: 'batch'; readonly batch: KvEventBatch }
  /** The set as it is after batch `batchNumber`; `chains` chunks with `blockCount` blocks in total follow. */
  | {
      readonly kind: 'snapshotStart';
      readonly source: KvSource;
      readonly batchNumber: number;
      readonly blockCount: number;
      /** What the set adds up to. */
      readonly digest: KvSetDigest;
    }
  | { readonly kind: 'chains'; readonly chains: readonly KvChain[] }
  /** `batchNumber` is the newest number published when the answer was made. */
  | { readonly kind: 'end'; readonly source: KvSource; readonly batchNumber: number };

/** Low and high word. */
const DIGEST_WORDS = 2;

export function encodeKvRecoveryRequest(request: KvRecoveryRequest): Uint8Array {
  const header = new WireHeader(request.source);
  const { want } = request;
  if (want.kind === 'snapshot') return bytesOf(header.begin(MESSAGE_TYPES.recoveryRequest, 0, 1, 0));
  if (want.from < 1)
    throw new RangeError(`Cannot encode a recovery request: numbers begin at 1, received ${want.from}`);
  return bytesOf(header.begin(MESSAGE_TYPES.recoveryRequest, want.from, 0, 0));
}

/** Never throws and never reads outside `bytes`. */
export function decodeKvRecoveryRequest(
  bytes: Uint8Array,
): { readonly kind: 'request'; readonly request: KvRecoveryRequest } | Malformed {
  const message = readMessage(bytes);
  if (message.kind === 'malformed') return message;
  if (message.type !== MESSAGE_TYPES.recoveryRequest)
    return malformed(`message type ${message.type} is no recovery request`);
  if (message.words.length !== message.bodyStart) return malformed('a recovery request has no body');
  const { source, batchNumber, count } = message;
  if (count === 1 && batchNumber === 0)
    return { kind: 'request', request: { source, want: { kind: 'snapshot' } } };
  if (count === 0 && batchNumber >= 1)
    return { kind: 'request', request: { source, want: { kind: 'batches', from: batchNumber } } };
  return malformed(`wants ${count === 0 ? 'batches' : 'something'} from ${batchNumber}`);
}

export function encodeSnapshotStart(header: WireHeader, batchNumber: number, set: KvSetDigest): Uint8Array {
  const message = header.begin(MESSAGE_TYPES.snapshotStart, batchNumber, set.blockCount, DIGEST_WORDS);
  message.set([set.lo, set.hi], header.words.length);
  return bytesOf(message);
}

/** Encodes collected `stored` events as chains of a snapshot. A batch chunk is the batch as it was published (`encodeKvEventBatch`). */
export function encodeSnapshotChains(
  header: WireHeader,
  batchNumber: number,
  chains: KvEventWords,
): Uint8Array {
  const message = header.begin(
    MESSAGE_TYPES.snapshotChains,
    batchNumber,
    chains.eventCount,
    chains.wordCount,
  );
  chains.copyTo(message, header.words.length);
  return bytesOf(message);
}

export function encodeRecoveryEnd(header: WireHeader, batchNumber: number): Uint8Array {
  return bytesOf(header.begin(MESSAGE_TYPES.recoveryEnd, batchNumber, 0, 0));
}

/** Decodes one chunk of an answer. Never throws and never reads outside `bytes`; hashes are views like those of `decodeKvEventBatch`. */
export function decodeKvRecoveryChunk(bytes: Uint8Array): KvRecoveryChunk | Malformed {
  const message = readMessage(bytes);
  if (message.kind === 'malformed') return message;
  switch (message.type) {
    case MESSAGE_TYPES.batch:
      return readBatch(message);
    case MESSAGE_TYPES.snapshotChains:
      return readChains(message);
    case MESSAGE_TYPES.snapshotStart:
    case MESSAGE_TYPES.recoveryEnd:
      return readBoundary(message);
    default:
      return malformed(`message type ${message.type} is no recovery chunk`);
  }
}

function readBoundary(message: WireMessage): KvRecoveryChunk | Malformed {
  const { source, batchNumber, count, words, bodyStart } = message;
  const bodyWords = words.length - bodyStart;
  if (message.type === MESSAGE_TYPES.snapshotStart) {
    if (bodyWords !== DIGEST_WORDS)
      return malformed(`the start of a snapshot has a digest of ${DIGEST_WORDS} words, not ${bodyWords}`);
    const [lo = 0, hi = 0] = words.subarray(bodyStart);
    const digest = { lo, hi, blockCount: count };
    return { kind: 'snapshotStart', source, batchNumber, blockCount: count, digest };
  }
  if (bodyWords !== 0) return malformed('an end has no body');
  return count === 0
    ? { kind: 'end', source, batchNumber }
    : malformed(`an end counts nothing, not ${count}`);
}

function readChains(message: WireMessage): KvRecoveryChunk | Malformed {
  const events = readEvents(message.words, message.bodyStart, message.count);
  if (!Array.isArray(events)) return events;
  // An answer of nothing but such chunks would never end.
  if (events.length === 0) return malformed('a chunk of a snapshot has no chain');
  const chains: KvChain[] = [];
  for (const event of events) {
    if (event.kind !== 'stored') return malformed(`a snapshot has no ${event.kind} event`);
    chains.push(event);
  }
  return { kind: 'chains', chains };
}
