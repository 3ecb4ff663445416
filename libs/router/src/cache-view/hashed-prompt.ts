import { mediaContent, namespaceSeed, PromptBlocks } from '@kvasir/block-hash';
import type { DialectName } from '@kvasir/contract';
import type { MediaItem, Prompt } from '../route-messages.js';

/** SGLang writes ids from here on in the place of placeholders, by the low bits of the content. */
const SGLANG_PAD_BASE = 1_000_000;
const SGLANG_PAD_MASK = 0x3fff_ffff;

/** A prompt's blocks as the pool's engines are told of: media enter by content, or, with SGLang, by the ids that it puts in their place. */
export function hashedPrompt(
  { tokens, loraName, cacheSalt, media = [] }: Prompt,
  blockSize: number,
  dialect: () => DialectName | null,
): PromptBlocks {
  const seed = namespaceSeed({ loraName, cacheSalt });
  if (media.length === 0) return new PromptBlocks(tokens, blockSize, seed);
  if (dialect() === 'sglang') return new PromptBlocks(padded(tokens, media), blockSize, seed);
  const spans = media.map(({ identifier, ...span }) => ({ ...span, content: mediaContent(identifier) }));
  return new PromptBlocks(tokens, blockSize, seed, spans);
}

function padded(tokens: Uint32Array, media: readonly MediaItem[]): Uint32Array {
  const ids = tokens.slice();
  for (const { identifier, firstToken, tokenCount } of media) {
    const pad = SGLANG_PAD_BASE + (mediaContent(identifier).lo & SGLANG_PAD_MASK);
    ids.fill(pad, firstToken, firstToken + tokenCount);
  }
  return ids;
}
