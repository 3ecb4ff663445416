import type { Prng } from '@kvasir/units';
import type { TokenSource } from './messages.js';

/** A text as token ids, and where its sentences begin; what generated answers are made of. */
export interface Prose {
  readonly tokens: Uint32Array;
  /** Ascending; the first is 0. */
  readonly sentenceStarts: Uint32Array;
}

/** When an answer ends by itself: as its `tokens`-th token comes `token`, the model's end token. */
export interface ProseEnd {
  readonly tokens: number;
  readonly token: number;
}

/** An endless answer of whole sentences of a prose, in an order that the generator decides: readable, and the same for the same seed. */
export class ProseTokens implements TokenSource {
  readonly #prose: Prose;
  readonly #prng: Prng;
  readonly #end: ProseEnd | null;
  #sentence = -1;
  #position: number | null = null;
  #count = 0;

  /** @throws RangeError for a prose without tokens or sentences. */
  constructor(prose: Prose, prng: Prng, end: ProseEnd | null) {
    if (prose.tokens.length === 0 || prose.sentenceStarts.length === 0)
      throw new RangeError('Cannot write: the prose must have at least one sentence');
    this.#prose = prose;
    this.#prng = prng;
    this.#end = end;
  }

  /** Where in the prose the last token is from; null before the first one and for the end token. */
  get position(): number | null {
    return this.#position;
  }

  get isEnded(): boolean {
    return this.#end !== null && this.#count >= this.#end.tokens;
  }

  next(): number {
    this.#count += 1;
    if (this.#end !== null && this.#count >= this.#end.tokens) {
      this.#position = null;
      return this.#end.token;
    }
    const position = this.#position === null ? this.#nextSentence() : this.#position + 1;
    const { tokens, sentenceStarts } = this.#prose;
    const end = sentenceStarts[this.#sentence + 1] ?? tokens.length;
    this.#position = position < end ? position : this.#nextSentence();
    return tokens[this.#position] ?? 0;
  }

  /** Chooses another sentence than the last one, when there is another. */
  #nextSentence(): number {
    const { sentenceStarts } = this.#prose;
    const count = sentenceStarts.length;
    const isFirst = this.#sentence < 0;
    const drawn = Math.floor(this.#prng() * (isFirst || count === 1 ? count : count - 1));
    this.#sentence = !isFirst && count > 1 && drawn >= this.#sentence ? drawn + 1 : drawn;
    return sentenceStarts[this.#sentence] ?? 0;
  }
}
