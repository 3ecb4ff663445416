import type { EventFields } from './event-fields.js';

/** What a stored run depends on beside its tokens. */
export interface RunNamespace {
  readonly loraName: string | null;
  readonly cacheSalt: string | null;
  readonly media: ReadonlyMap<number, readonly string[]>;
  readonly opaqueFrom: number | null;
}

/**
 * vLLM packs what a block depends on into one flat list per block: the adapter's name, an entry per media item that overlaps it (its identifier and how far
 * before the block it began; the identifier alone in older releases), the salt (first block of a prompt only), the digest of embeddings. A text is the
 * adapter when it is the known name; one other text on the first block is the salt; several there cannot be told apart. SGLang names the salt,
 * TensorRT-LLM the media of each block.
 */
export function readNamespace(fields: EventFields): RunNamespace {
  const loraName = readText(fields['lora_name']);
  const perBlock: readonly unknown[] = Array.isArray(fields['extra_keys']) ? fields['extra_keys'] : [];
  const isRoot = fields['parent_block_hash'] === null || fields['parent_block_hash'] === undefined;
  const media = new Map<number, readonly string[]>();
  let cacheSalt = readText(fields['cache_salt']);
  let opaqueFrom: number | null = null;
  for (const [block, keys] of perBlock.entries()) {
    if (!Array.isArray(keys)) continue;
    const { items, texts, isOpaque } = sortKeys(keys, loraName);
    const mayHaveSalt = isRoot && block === 0;
    if (isOpaque || (mayHaveSalt && texts.length > 1)) opaqueFrom ??= block;
    else if (mayHaveSalt) cacheSalt ??= texts[0] ?? null;
    else items.push(...texts);
    if (items.length > 0) media.set(block, items);
  }
  const named: readonly unknown[] = Array.isArray(fields['mm_keys']) ? fields['mm_keys'] : [];
  for (const [block, keys] of named.entries()) {
    if (!Array.isArray(keys) || keys.length === 0) continue;
    const identifiers = keys.map((key) => readText(isFields(key) ? key['hash'] : null));
    const known = identifiers.filter((identifier) => identifier !== null);
    if (known.length < identifiers.length) opaqueFrom = Math.min(opaqueFrom ?? block, block);
    else media.set(block, [...(media.get(block) ?? []), ...known]);
  }
  return { loraName, cacheSalt, media, opaqueFrom };
}

/** Media items by identifier, texts that may be one or a salt, and whether there is anything else. */
function sortKeys(
  keys: readonly unknown[],
  loraName: string | null,
): { readonly items: string[]; readonly texts: readonly string[]; readonly isOpaque: boolean } {
  const items: string[] = [];
  const texts: string[] = [];
  let isOpaque = false;
  let isAdapterRead = loraName === null;
  for (const key of keys) {
    const identifier: unknown = Array.isArray(key) ? key[0] : null;
    if (!isAdapterRead && key === loraName) isAdapterRead = true;
    else if (typeof key === 'string') texts.push(key);
    else if (typeof identifier === 'string') items.push(identifier);
    else isOpaque = true;
  }
  return { items, texts, isOpaque };
}

function readText(value: unknown): string | null {
  return typeof value === 'string' && value !== '' ? value : null;
}

function isFields(value: unknown): value is EventFields {
  return typeof value === 'object' && value !== null;
}
