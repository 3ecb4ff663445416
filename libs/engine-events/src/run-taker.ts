import { isSameContent, OPAQUE } from './block-content.js';
import type { BlockContent } from './block-content.js';
import type { EngineHash, EngineKvEvent } from './decode/engine-kv-event.js';

type Stored = Extract<EngineKvEvent, { kind: 'stored' }>;

/** One block as the engine has it. */
export interface Held {
  copies: number;
  /** Engines name the salt at the beginning of a prompt only: what follows has the same. */
  readonly cacheSalt: string | null;
  /** Tokens per block of the engine. */
  readonly blockSize: number;
  content: BlockContent;
}

/** Asked of each block of a run that is stored. */
export interface CopyQuestions {
  /** How many copies a block has that was not held. */
  ofNew(hash: EngineHash): number;
  /** Whether a block that is held is there once more. */
  readonly isCopy: boolean;
}

export type Taken =
  | { readonly kind: 'new' }
  | { readonly kind: 'known' }
  /** The name stood for this, and stands for nothing now. */
  | { readonly kind: 'renamed'; readonly was: BlockContent };

/** Takes the blocks of a run one by one. */
export class RunTaker {
  readonly event: Stored;
  readonly cacheSalt: string | null;
  readonly #copies: CopyQuestions;
  readonly #held: Map<EngineHash, Held>;
  addedBlocks = 0;
  addedCopies = 0;
  repeats = 0;
  renamed = 0;

  constructor(parts: {
    readonly event: Stored;
    readonly cacheSalt: string | null;
    readonly copies: CopyQuestions;
    readonly held: Map<EngineHash, Held>;
  }) {
    this.event = parts.event;
    this.cacheSalt = parts.cacheSalt;
    this.#copies = parts.copies;
    this.#held = parts.held;
  }

  hash(block: number): EngineHash {
    return this.event.hashes[block] ?? '';
  }

  take(block: number, content: BlockContent): Taken {
    const hash = this.hash(block);
    const known = this.#held.get(hash);
    if (known === undefined) {
      const copies = this.#copies.ofNew(hash);
      const { cacheSalt } = this;
      this.#held.set(hash, { copies, cacheSalt, blockSize: this.event.blockSize, content });
      this.addedBlocks += 1;
      this.addedCopies += copies;
      return { kind: 'new' };
    }
    if (this.#copies.isCopy) {
      known.copies += 1;
      this.addedCopies += 1;
    } else this.repeats += 1;
    if (isSameContent(known.content, content)) return { kind: 'known' };
    const was = known.content;
    known.content = OPAQUE;
    this.renamed += 1;
    return { kind: 'renamed', was };
  }
}
