import type { EventFields } from './event-fields.js';

/** What a stored run depends on beside its tokens. */
export interface RunNamespace {
  readonly loraName: string | null;
  readonly cacheSalt: string | null;
  readonly mediaFrom: number | null;
}

/**
 * vLLM packs what a block depends on into one flat list per block: the adapter's name, an entry per media item that overlaps it, the salt (first
 * block of a prompt only), the digest of embeddings. A text is the adapter when it is the known name; another one on the first block is the salt;
 * everything else is media. SGLang names the salt, TensorRT-LLM the media of each block.
 */
export function readNamespace(fields: EventFields): RunNamespace {
  const loraName = readText(fields['lora_name']);
  const named = readText(fields['cache_salt']);
  const perBlock: readonly unknown[] = Array.isArray(fields['extra_keys']) ? fields['extra_keys'] : [];
  const isRoot = fields['parent_block_hash'] === null || fields['parent_block_hash'] === undefined;
  let cacheSalt = named;
  let mediaFrom: number | null = null;
  for (const [block, keys] of perBlock.entries()) {
    if (!Array.isArray(keys)) continue;
    const others = (keys as readonly unknown[]).filter((key) => key !== loraName);
    const [only] = others;
    if (others.length === 0) continue;
    if (isRoot && block === 0 && others.length === 1 && typeof only === 'string') cacheSalt ??= only;
    else mediaFrom ??= block;
  }
  const media: readonly unknown[] = Array.isArray(fields['mm_keys']) ? fields['mm_keys'] : [];
  const firstMedia = media.findIndex((keys) => Array.isArray(keys) && keys.length > 0);
  if (firstMedia >= 0) mediaFrom = Math.min(mediaFrom ?? firstMedia, firstMedia);
  return { loraName, cacheSalt, mediaFrom };
}

function readText(value: unknown): string | null {
  return typeof value === 'string' && value !== '' ? value : null;
}
