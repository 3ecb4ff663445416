import { ProseTokens } from '@kvasir/engine-sim';
import type { Prose, TokenSource } from '@kvasir/engine-sim';
import type { TextService } from '@kvasir/text';
import { seededPrng } from '@kvasir/units';
import { PROSE_SENTENCES } from './prose-text.js';

/** Answers that end by themselves have this many tokens, all lengths equally likely. */
const NATURAL_TOKENS_MIN = 24;
const NATURAL_TOKENS_MAX = 280;
/** Tokens of the prompt that decide what is answered. */
const SEED_TOKENS_MAX = 64;
/** What ends a turn, by the most usual names. */
const END_TOKENS = ['<|im_end|>', '<|eot_id|>', '</s>', '<|endoftext|>', '<eos>'];

export interface AnswerShape {
  readonly prompt: Uint32Array;
  /** The request's own seed, if it has one. */
  readonly seed: number;
  /** Which of several answers to one prompt. */
  readonly choice: number;
  /** It must not end by itself before this many tokens. */
  readonly outputTokensMin: number;
  /** It never ends by itself. */
  readonly ignoresEnd: boolean;
}

/** The prose in a tokenizer's ids, and answers out of it: readable, and the same for the same prompt and seed, as at temperature 0. */
export class ProseBook {
  readonly #prose: Prose;
  readonly #endToken: number | null;

  private constructor(prose: Prose, endToken: number | null) {
    this.#prose = prose;
    this.#endToken = endToken;
  }

  /** @throws TextError when the prose cannot be encoded. */
  static async write(text: TextService): Promise<ProseBook> {
    const sentences = await Promise.all(
      PROSE_SENTENCES.map((sentence) => text.encodeText(` ${sentence}`, { addSpecialTokens: false })),
    );
    const starts: number[] = [];
    const tokens: number[] = [];
    for (const sentence of sentences) {
      starts.push(tokens.length);
      tokens.push(...sentence);
    }
    const special = text.specialTokens();
    const endToken = END_TOKENS.map((name) => special.get(name)).find((token) => token !== undefined);
    return new ProseBook(
      { tokens: Uint32Array.from(tokens), sentenceStarts: Uint32Array.from(starts) },
      endToken ?? null,
    );
  }

  answer(shape: AnswerShape): TokenSource {
    const prng = seededPrng(seedOf(shape));
    const natural = NATURAL_TOKENS_MIN + Math.floor(prng() * (NATURAL_TOKENS_MAX - NATURAL_TOKENS_MIN + 1));
    const end =
      shape.ignoresEnd || this.#endToken === null
        ? null
        : { tokens: Math.max(natural, shape.outputTokensMin + 1), token: this.#endToken };
    return new ProseTokens(this.#prose, prng, end);
  }
}

/** FNV-1a over the end of the prompt, its length, the seed and the choice. */
function seedOf({ prompt, seed, choice }: AnswerShape): number {
  let hash = 0x811c9dc5;
  const mix = (word: number): void => {
    hash = Math.imul(hash ^ (word >>> 0), 0x01000193) >>> 0;
  };
  for (const token of prompt.subarray(-SEED_TOKENS_MAX)) mix(token);
  mix(prompt.length);
  mix(seed);
  mix(choice);
  return hash;
}
