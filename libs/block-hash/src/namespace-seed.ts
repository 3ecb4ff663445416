import type { HashWords } from './hash-words.js';
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

/** UTF-8 of text without lone surrogates (JSON.stringify escapes those); a core has no TextEncoder. */
function utf8Bytes(text: string): Uint8Array {
  const bytes = new Uint8Array(text.length * 3);
  let length = 0;
  for (const character of text) {
    const point = character.codePointAt(0) ?? 0;
    if (point < 0x80) {
      bytes[length++] = point;
      continue;
    }
    if (point < 0x800) {
      bytes[length++] = 0xc0 | (point >> 6);
    } else {
      if (point < 0x10000) {
        bytes[length++] = 0xe0 | (point >> 12);
      } else {
        bytes[length++] = 0xf0 | (point >> 18);
        bytes[length++] = 0x80 | ((point >> 12) & 0x3f);
      }
      bytes[length++] = 0x80 | ((point >> 6) & 0x3f);
    }
    bytes[length++] = 0x80 | (point & 0x3f);
  }
  return bytes.subarray(0, length);
}
