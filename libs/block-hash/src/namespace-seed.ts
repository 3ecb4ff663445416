import type { HashWords } from './hash-words.js';
import { utf8Bytes } from './utf8-bytes.js';
import { xxh3 } from './xxh3.js';

/** Seed of the local hashes of one namespace. */
export type NamespaceSeed = HashWords;

/** What separates equal tokens with unequal KV. An empty text counts as absent. */
export interface CacheNamespace {
  /** The LoRA adapter that the request runs with. */
  readonly loraName?: string | undefined;
  /** The tenant's or the request's isolation salt. */
  readonly cacheSalt?: string | undefined;
}

/** Seed of every hash outside a namespace, and of every chain step: what KV-aware routers agree on. */
export const DEFAULT_SEED: NamespaceSeed = { lo: 1337, hi: 0 };

const JSON_SEED: HashWords = { lo: 0, hi: 0 };

/**
 * Returns the seed of a namespace: 1337 without one, else XXH3-64 (seed 0) of the UTF-8 bytes of the canonical JSON
 * `{"salt":…,"lora_name":…}`, keys in this order, absent ones left out, no white space.
 * Only local hashes take it. Chain steps keep 1337: the first block already separates the namespaces.
 * Form after Dynamo's salt payload; there "no namespace" is hashed too, here it stays 1337 as in its wire protocol.
 */
export function namespaceSeed(namespace: CacheNamespace): NamespaceSeed {
  const { cacheSalt, loraName } = namespace;
  const hasSalt = cacheSalt !== undefined && cacheSalt !== '';
  const hasLora = loraName !== undefined && loraName !== '';
  if (!hasSalt && !hasLora) return DEFAULT_SEED;
  const json = JSON.stringify({
    ...(hasSalt ? { salt: cacheSalt } : {}),
    ...(hasLora ? { lora_name: loraName } : {}),
  });
  return xxh3(utf8Bytes(json), JSON_SEED);
}
