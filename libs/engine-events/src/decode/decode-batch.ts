import { decode } from '@msgpack/msgpack';
import { readEngineHash, readEngineHashes } from './engine-hash.js';
import type { DropReason, EngineKvBatch, EngineKvEvent, Tier } from './engine-kv-event.js';
import { readEventFields } from './event-fields.js';
import type { EventFields } from './event-fields.js';
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
    const event = readEvent(raw);
    if (typeof event === 'string') dropped.push(event);
    else events.push(event);
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

function readEvent(raw: unknown): EngineKvEvent | DropReason {
  const read = readEventFields(raw);
  if (read === null) return 'badShape';
  switch (read.tag) {
    case 'BlockStored':
      return readStored(read.fields);
    case 'BlockRemoved':
      return readRemoved(read.fields);
    case 'AllBlocksCleared':
      return { kind: 'cleared' };
    default:
      return 'unknownTag';
  }
}

function readStored(fields: EventFields): EngineKvEvent | DropReason {
  const hashes = readEngineHashes(fields['block_hashes']);
  if (hashes === null) return 'badHash';
  const { parent_block_hash: rawParent } = fields;
  const parent = rawParent === null || rawParent === undefined ? null : readEngineHash(rawParent);
  if (parent === null && rawParent !== null && rawParent !== undefined) return 'badHash';
  const blockSize = readCount(fields['block_size']);
  if (blockSize === null || blockSize === 0) return 'badShape';
  // An adapter that is not named cannot be told apart from the model without one.
  if (isGiven(fields['lora_id']) && !isGiven(fields['lora_name'])) return 'unnamedAdapter';
  const tokens = readTokens(fields['token_ids']);
  if (typeof tokens === 'string') return tokens;
  return {
    kind: 'stored',
    hashes,
    parent,
    tokens,
    blockSize,
    ...readNamespace(fields),
    tier: readTier(fields),
    group: readCount(fields['group_idx']),
    isFullAttention: isFullAttention(fields['kv_cache_spec_kind']),
  };
}

function readRemoved(fields: EventFields): EngineKvEvent | DropReason {
  const hashes = readEngineHashes(fields['block_hashes']);
  if (hashes === null) return 'badHash';
  const copies = fields['remaining_copy_counts'];
  const copiesLeft = Array.isArray(copies) ? copies.map((count) => readCount(count) ?? 0) : null;
  return {
    kind: 'removed',
    hashes,
    copiesLeft,
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
  if (locality !== undefined && locality !== null && locality !== 'LOCAL') return 'remote';
  return medium === undefined || medium === null || medium === 'GPU' ? 'device' : 'host';
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
