import type { TokenizerCalls } from '../load-tokenizer.js';

/** The ids that a post-processor puts around any text. */
export interface Framing {
  readonly before: readonly number[];
  readonly after: readonly number[];
}

const PROBES: readonly string[] = ['a', 'b c', '1'];

/** Found by trying. @returns null when what is added differs from text to text. */
export function findFraming(tokenizer: TokenizerCalls): Framing | null {
  const [framing, ...others] = PROBES.map((probe) => around(tokenizer, probe));
  if (framing === undefined || framing === null) return null;
  return others.every((other) => JSON.stringify(other) === JSON.stringify(framing)) ? framing : null;
}

function around(tokenizer: TokenizerCalls, text: string): Framing | null {
  const plain = tokenizer.encode(text, { add_special_tokens: false }).ids;
  const framed = tokenizer.encode(text, { add_special_tokens: true }).ids;
  for (let at = 0; at + plain.length <= framed.length; at += 1) {
    if (plain.every((id, index) => framed[at + index] === id)) {
      return { before: framed.slice(0, at), after: framed.slice(at + plain.length) };
    }
  }
  return null;
}
