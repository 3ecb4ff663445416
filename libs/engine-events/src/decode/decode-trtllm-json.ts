import { readEngineHash } from './engine-hash.js';
import type { EngineHash } from './engine-kv-event.js';
import type { DropReason, EngineKvBatch, EngineKvEvent } from './engine-kv-event.js';

const TOKEN_ID_MAX = 0xffff_ffff;

type Fields = Readonly<Record<string, unknown>>;

/**
 * Reads what TensorRT-LLM's `POST /kv_cache_events` answers: an array of events, each emptied out of the engine by reading it. Of models with
 * several attention windows only one counts: the largest of the answer unless another is given.
 * @returns one batch per rank; null when the answer is no array.
 */
export function decodeTrtllmEvents(
  json: unknown,
  window: number | null = null,
): readonly EngineKvBatch[] | null {
  if (!Array.isArray(json)) return null;
  const items = json.map((item) => (isFields(item) ? item : {}));
  const largest = window ?? largestWindow(items);
  const byRank = new Map<number | null, { events: EngineKvEvent[]; dropped: DropReason[] }>();
  for (const item of items) {
    const size = item['window_size'];
    if (largest !== null && typeof size === 'number' && size !== largest) continue;
    const rank = typeof item['attention_dp_rank'] === 'number' ? item['attention_dp_rank'] : null;
    const batch = byRank.get(rank) ?? { events: [], dropped: [] };
    byRank.set(rank, batch);
    const event = readEvent(isFields(item['data']) ? item['data'] : {}, batch.dropped);
    if (typeof event === 'string') batch.dropped.push(event);
    else if (event !== null) batch.events.push(event);
  }
  return [...byRank].map(([rank, batch]) => ({ rank, ...batch }));
}

/** The largest attention window that events name; null when none does. */
export function largestWindow(items: readonly Fields[]): number | null {
  let largest: number | null = null;
  for (const { window_size: size } of items)
    if (typeof size === 'number') largest = Math.max(size, largest ?? size);
  return largest;
}

function readEvent(data: Fields, dropped: DropReason[]): EngineKvEvent | DropReason | null {
  switch (data['type']) {
    case 'stored':
      return readStored(data);
    case 'removed':
      return readRemoved(data, dropped);
    // Tells the sizes of the pools, and moves between tiers, which keep the block.
    case 'created':
    case 'updated':
      return null;
    default:
      return 'unknownTag';
  }
}

function readStored(data: Fields): EngineKvEvent | DropReason {
  const blocks: readonly unknown[] = Array.isArray(data['blocks']) ? data['blocks'] : [];
  const hashes: EngineHash[] = [];
  const tokens: number[] = [];
  let blockSize: number | null = null;
  let opaqueFrom: number | null = null;
  for (const [index, block] of blocks.entries()) {
    const hash = isFields(block) ? readEngineHash(block['block_hash']) : null;
    if (hash === null || !isFields(block)) return 'badHash';
    const read = readBlockTokens(block['tokens']);
    if (read === null) return 'badTokens';
    blockSize ??= read.ids.length;
    // The last block of a prompt may be partly filled: nobody can share it yet.
    if (read.ids.length !== blockSize) break;
    hashes.push(hash);
    for (const id of read.ids) tokens.push(id);
    if (read.hasMedia) opaqueFrom ??= index;
  }
  if (blockSize === null || hashes.length === 0) return 'badShape';
  const { parent_hash: rawParent } = data;
  const isRoot = rawParent === null || rawParent === undefined || rawParent === 0;
  const parent = isRoot ? null : readEngineHash(rawParent);
  // A run whose parent cannot be read must not be taken for a beginning.
  if (!isRoot && parent === null) return 'badHash';
  return {
    kind: 'stored',
    hashes,
    parent,
    tokens: Uint32Array.from(tokens),
    blockSize,
    loraName: null,
    cacheSalt: null,
    media: new Map(),
    opaqueFrom,
    tier: 'device',
    group: null,
    isFullAttention: true,
    origin: 'untold',
  };
}

function readBlockTokens(value: unknown): { ids: readonly number[]; hasMedia: boolean } | null {
  if (!Array.isArray(value)) return null;
  const ids: number[] = [];
  let hasMedia = false;
  for (const token of value) {
    const id = isFields(token) ? token['token_id'] : null;
    if (typeof id !== 'number' || !Number.isInteger(id) || !isFields(token)) return null;
    if (id < 0 || id > TOKEN_ID_MAX) return null;
    ids.push(id);
    if (typeof token['token_extra_id'] === 'number' && token['token_extra_id'] !== 0) hasMedia = true;
  }
  return { ids, hasMedia };
}

function readRemoved(data: Fields, dropped: DropReason[]): EngineKvEvent {
  const raw: readonly unknown[] = Array.isArray(data['block_hashes']) ? data['block_hashes'] : [];
  const hashes = raw.map(readEngineHash).filter((hash) => hash !== null);
  if (hashes.length < raw.length) dropped.push('badHash');
  return { kind: 'removed', hashes, copiesLeft: null, isPerCopy: false, tier: 'device', group: null };
}

function isFields(value: unknown): value is Fields {
  return typeof value === 'object' && value !== null && !Array.isArray(value);
}
