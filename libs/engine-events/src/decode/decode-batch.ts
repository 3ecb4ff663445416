import { decode } from '@msgpack/msgpack';
import { readEngineHash, readEngineHashes } from './engine-hash.js';
import type {
  BlockOrigin,
  DropReason,
  EngineHash,
  EngineKvBatch,
  EngineKvEvent,
  Tier,
} from './engine-kv-event.js';
import { readEventFields } from './event-fields.js';
import type { EventFields, TaggedFields } from './event-fields.js';
import { readNamespace } from './extra-keys.js';
import { messageFault } from './message-bounds.js';
import type { MessageFault } from './message-bounds.js';

/**
 * Reads one message of vLLM, SGLang or TensorRT-LLM (its push form), of any release: batches are `[time, events, rank?]` or the same as a map. What
 * cannot be read of an event costs that event only.
 * @returns why nothing can be read when the message is no batch at all, or holds more than one may.
 */
export function decodeEngineBatch(payload: Uint8Array): EngineKvBatch | MessageFault {
  const batch = messageFault(payload) ?? decodeMessage(payload);
  if (typeof batch === 'string') return batch;
  const events: EngineKvEvent[] = [];
  const dropped: DropReason[] = [];
  for (const raw of batch.events) {
    const event = readEvent(raw, dropped);
    if (event !== null) events.push(event);
  }
  return { rank: batch.rank, events, dropped };
}

function decodeMessage(
  payload: Uint8Array,
): { events: readonly unknown[]; rank: number | null } | MessageFault {
  let message: unknown;
  try {
    // Hashes use all 64 bits: as plain numbers they would be rounded.
    message = decode(payload, { useBigInt64: true, mapKeyConverter: String });
  } catch {
    return 'badBatch';
  }
  if (typeof message !== 'object' || message === null) return 'badBatch';
  const [events, rank] = Array.isArray(message)
    ? [message[1] as unknown, message[2] as unknown]
    : [(message as EventFields)['events'], (message as EventFields)['data_parallel_rank']];
  if (!Array.isArray(events)) return 'badBatch';
  return { events, rank: readCount(rank) };
}

/** Reads one event. What cannot be read of it is added to `dropped`. */
function readEvent(raw: unknown, dropped: DropReason[]): EngineKvEvent | null {
  const read = readEventFields(raw);
  const event = read === null ? 'badShape' : readTagged(read, dropped);
  if (typeof event !== 'string') return event;
  dropped.push(event);
  return null;
}

function readTagged(read: TaggedFields, dropped: DropReason[]): EngineKvEvent | DropReason {
  switch (read.tag) {
    case 'BlockStored':
      return readStored(read, dropped);
    case 'BlockRemoved':
      return readRemoved(read, dropped);
    case 'AllBlocksCleared':
      return { kind: 'cleared' };
    default:
      return 'unknownTag';
  }
}

function readStored({ fields, isArray }: TaggedFields, dropped: DropReason[]): EngineKvEvent | DropReason {
  const read = readEngineHashes(fields['block_hashes']);
  const blockSize = readCount(fields['block_size']);
  if (blockSize === null || blockSize === 0) return 'badShape';
  // Blocks after one whose name cannot be read follow on something unknown.
  const hashes = readable(read ?? []);
  if (read === null || (hashes.length === 0 && read.length > 0)) return 'badHash';
  const { parent_block_hash: rawParent } = fields;
  const parent = rawParent === null || rawParent === undefined ? null : readEngineHash(rawParent);
  if (parent === null && rawParent !== null && rawParent !== undefined) return 'badHash';
  // An adapter that is not named cannot be told apart from the model without one.
  if (isGiven(fields['lora_id']) && !isGiven(fields['lora_name'])) return 'unnamedAdapter';
  const tokens = readTokens(fields['token_ids']);
  if (typeof tokens === 'string') return tokens;
  if (hashes.length < read.length) dropped.push('badHash');
  const isWhole = tokens.length === read.length * blockSize;
  return {
    kind: 'stored',
    hashes,
    parent,
    tokens: isWhole ? tokens.subarray(0, hashes.length * blockSize) : tokens,
    blockSize,
    ...readNamespace(fields),
    tier: readTier(fields),
    group: readCount(fields['group_idx']),
    isFullAttention: isFullAttention(fields['kv_cache_spec_kind']),
    origin: isArray ? 'new' : readOrigin(fields['origin']),
  };
}

function readable(hashes: readonly (EngineHash | null)[]): readonly EngineHash[] {
  const read: EngineHash[] = [];
  for (const hash of hashes) {
    if (hash === null) return read;
    read.push(hash);
  }
  return read;
}

function readRemoved({ fields, isArray }: TaggedFields, dropped: DropReason[]): EngineKvEvent | DropReason {
  const read = readEngineHashes(fields['block_hashes']);
  if (read === null) return 'badHash';
  const told = fields['remaining_copy_counts'];
  const counts: readonly unknown[] | null = Array.isArray(told) ? told : null;
  const hashes: EngineHash[] = [];
  const copiesLeft: (number | null)[] = [];
  // Each that can be read has gone, whatever stands beside it.
  for (const [index, hash] of read.entries()) {
    if (hash === null) continue;
    hashes.push(hash);
    copiesLeft.push(readCount(counts?.[index]));
  }
  if (hashes.length < read.length) dropped.push('badHash');
  return {
    kind: 'removed',
    hashes,
    copiesLeft: counts === null ? null : copiesLeft,
    isPerCopy: isArray,
    tier: readTier(fields),
    group: readCount(fields['group_idx']),
  };
}

/** Ids, or pairs of them (drafting models) whose first ones are the sequence. Text stands for media content. */
function readTokens(value: unknown): Uint32Array | DropReason {
  if (!Array.isArray(value)) return 'badTokens';
  const tokens = new Uint32Array(value.length);
  for (const [index, item] of value.entries()) {
    const id: unknown = Array.isArray(item) ? item[0] : item;
    if (typeof id === 'string') return 'mediaTokens';
    const token = readCount(id);
    if (token === null || token > 0xffff_ffff) return 'badTokens';
    tokens[index] = token;
  }
  return tokens;
}

function readTier(fields: EventFields): Tier {
  const { locality, medium } = fields;
  if (locality !== undefined && locality !== null && !isText(locality, 'LOCAL')) return 'remote';
  if (medium === undefined || medium === null || medium === '') return 'device';
  return isText(medium, 'GPU') ? 'device' : 'host';
}

/** Engines, their connectors and their forks do not agree on upper and lower case. */
function isText(value: unknown, text: string): boolean {
  return typeof value === 'string' && value.toUpperCase() === text;
}

function readOrigin(value: unknown): BlockOrigin {
  switch (value) {
    case 'NEW':
      return 'new';
    case 'REUSED':
      return 'reused';
    default:
      return 'untold';
  }
}

const FULL_ATTENTION = new Set<unknown>(['full_attention', 'mla_attention', 'sink_full_attention']);

/** Engines with one kind of layers do not name it. */
function isFullAttention(kind: unknown): boolean {
  return !isGiven(kind) || FULL_ATTENTION.has(kind);
}

function isGiven(value: unknown): boolean {
  return value !== null && value !== undefined;
}

/** A whole number from 0, however wide it was packed. */
function readCount(value: unknown): number | null {
  const number = typeof value === 'bigint' ? Number(value) : value;
  return typeof number === 'number' && Number.isSafeInteger(number) && number >= 0 ? number : null;
}
