/** What to do with a message, decided from its number alone. */
export type SequenceStep =
  /** It is the next one. */
  | { readonly kind: 'deliver' }
  /** Numbers from `from` on are missing: ask for them, and keep this message until they are there. */
  | { readonly kind: 'gap'; readonly from: number }
  /** It was delivered before. */
  | { readonly kind: 'old' }
  /** The engine has begun anew: what is known is over. */
  | { readonly kind: 'restarted' };

/** Numbers of one publisher's messages: from 0, one more each, from 0 again when its process starts anew. */
export class BatchSequence {
  #next = 0;
  /** Highest number that was published live; live numbers only grow within one life. */
  #highestLive = -1;

  /** The number that comes next. */
  get next(): number {
    return this.#next;
  }

  /** Judges a message that was published just now. */
  live(number: number): SequenceStep {
    if (number <= this.#highestLive) return { kind: 'restarted' };
    this.#highestLive = number;
    if (number === this.#next) {
      this.#next += 1;
      return { kind: 'deliver' };
    }
    // A replay may have brought what was still on its way here.
    return number > this.#next ? { kind: 'gap', from: this.#next } : { kind: 'old' };
  }

  /** Judges a message of a replay, or one that was kept. */
  replayed(number: number): SequenceStep {
    if (number === this.#next) {
      this.#next += 1;
      return { kind: 'deliver' };
    }
    return number > this.#next ? { kind: 'gap', from: this.#next } : { kind: 'old' };
  }

  /** Notes a live message that is kept for later. @returns false when it cannot be of the same life. */
  kept(number: number): boolean {
    if (number <= this.#highestLive) return false;
    this.#highestLive = number;
    return true;
  }

  /** Goes on at a number whatever was missing before. */
  resumeAt(number: number): void {
    this.#next = number;
  }

  /** Another life begins: its numbers start from 0. */
  beginAnew(): void {
    this.#next = 0;
    this.#highestLive = -1;
  }
}
