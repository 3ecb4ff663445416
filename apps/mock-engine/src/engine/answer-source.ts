import type { TokenSource } from '@kvasir/engine-sim';
import type { StreamDecoder } from '@kvasir/text';
import type { StopStrings } from './stop-strings.js';

/** Tokens of an answer together with their text; ends at a stop string too. */
export class AnswerSource implements TokenSource {
  readonly #tokens: TokenSource;
  readonly #decoder: StreamDecoder;
  readonly #stops: StopStrings;
  readonly #outputTokensMin: number;
  readonly #outputTokensMax: number;
  /** Texts of tokens that came out and were not told yet. */
  readonly #texts: string[] = [];
  #count = 0;
  #isStopped = false;

  constructor(
    tokens: TokenSource,
    parts: {
      readonly decoder: StreamDecoder;
      readonly stops: StopStrings;
      /** Stop strings before this many tokens do not count. */
      readonly outputTokensMin: number;
      /** The engine asks for no more than this. */
      readonly outputTokensMax: number;
    },
  ) {
    this.#tokens = tokens;
    this.#decoder = parts.decoder;
    this.#stops = parts.stops;
    this.#outputTokensMin = parts.outputTokensMin;
    this.#outputTokensMax = parts.outputTokensMax;
  }

  /** The text that was taken last was the last token's. */
  get isOver(): boolean {
    return this.#texts.length === 0 && (this.isEnded || this.#count >= this.#outputTokensMax);
  }

  get isEnded(): boolean {
    return this.#isStopped || this.#tokens.isEnded;
  }

  next(): number {
    const token = this.#tokens.next();
    this.#count += 1;
    const text = this.#decoder.push(token);
    if (this.#count < this.#outputTokensMin) {
      this.#texts.push(text);
      return token;
    }
    const shown = this.#stops.push(text);
    this.#isStopped = shown.isStopped;
    this.#texts.push(shown.text);
    return token;
  }

  /** Text of the next token that is told. */
  takeText(): string {
    return this.#texts.shift() ?? '';
  }

  /** What was held back; after the last token. */
  flush(): string {
    return this.#isStopped ? '' : this.#stops.flush() + this.#decoder.flush();
  }
}
