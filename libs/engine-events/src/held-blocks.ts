import { sequenceHashes } from '@kvasir/block-hash';
import { canFollow, mediaContents, nextPart, OPAQUE, placeAfter, seedOf } from './block-content.js';
import type { BlockContent, RunPlace } from './block-content.js';
import { BlockJoins } from './block-joins.js';
import type { EngineHash, EngineKvEvent } from './decode/engine-kv-event.js';
import { PoolBlocks } from './pool-blocks.js';
import type { KvRunSink } from './pool-blocks.js';
import { RunTaker } from './run-taker.js';
import type { CopyQuestions, Held } from './run-taker.js';

/** Media items of one block; with more its content counts as one that nobody can name. */
export const BLOCK_MEDIA_MAX = 256;

type Stored = Extract<EngineKvEvent, { kind: 'stored' }>;

/** How many copies are left of a block that was told to have gone. @param copies null when it is not held. */
export type CopiesLeft = (index: number, copies: number | null) => number;

/** What became of a run. */
export interface StoredRun {
  /** Blocks whose content cannot be named. */
  readonly opaqueBlocks: number;
  /** Blocks that were held and are no further copy. */
  readonly repeats: number;
  /** Names that stood for something else before; they stand for nothing now. */
  readonly renamed: number;
  /** False when its blocks would lie across blocks of the pool. */
  readonly isAligned: boolean;
}

/** The blocks of an engine, by its own names, and what of the pool's they make up. */
export class HeldBlocks {
  readonly #blockSize: number;
  readonly #blocks: PoolBlocks;
  readonly #joins: BlockJoins;
  readonly #held = new Map<EngineHash, Held>();
  /** Of all blocks, each once. */
  #tokens = 0;
  #copiesTokens = 0;

  /** @param blockSize tokens per block of the pool. */
  constructor(blockSize: number, sink: KvRunSink) {
    this.#blockSize = blockSize;
    this.#blocks = new PoolBlocks(sink);
    this.#joins = new BlockJoins(this.#blocks);
  }

  get size(): number {
    return this.#held.size;
  }

  /** Of all blocks, each once. */
  get tokens(): number {
    return this.#tokens;
  }

  /** Of all copies of all blocks. */
  get copiesTokens(): number {
    return this.#copiesTokens;
  }

  get(hash: EngineHash): Held | undefined {
    return this.#held.get(hash);
  }

  clear(): void {
    this.#held.clear();
    this.#tokens = 0;
    this.#copiesTokens = 0;
    this.#joins.clear();
    this.#blocks.clear();
  }

  /** Takes a run that begins a prompt or follows a block that is held. */
  store(event: Stored, copies: CopyQuestions): StoredRun {
    const before = event.parent === null ? undefined : this.#held.get(event.parent);
    const cacheSalt = event.cacheSalt ?? before?.cacheSalt ?? null;
    // What follows a block that is not held is never taken for a beginning.
    const place = placeAfter(event.parent === null ? null : (before?.content ?? OPAQUE));
    const isAligned = canFollow(place, event.blockSize, this.#blockSize);
    const usable = place.kind === 'opaque' || !isAligned ? 0 : this.#usableBlocks(event);
    const run = new RunTaker({ event, cacheSalt, copies, held: this.#held });
    if (place.kind === 'known' && isAligned) {
      if (event.blockSize >= this.#blockSize) this.#storeWhole(run, place, usable);
      else this.#storeParts(run, place, usable);
    }
    for (let block = usable; block < event.hashes.length; block += 1) run.take(block, OPAQUE);
    this.#tokens += run.addedBlocks * event.blockSize;
    this.#copiesTokens += run.addedCopies * event.blockSize;
    const { repeats, renamed } = run;
    return { opaqueBlocks: event.hashes.length - usable, repeats, renamed, isAligned };
  }

  /** Blocks are told to have gone; those of which no copy is left do. @param left how many are, asked of each in order. */
  remove(hashes: readonly EngineHash[], left: CopiesLeft): void {
    const gone: number[] = [];
    for (const [index, hash] of hashes.entries()) {
      const held = this.#held.get(hash);
      const copies = left(index, held?.copies ?? null);
      if (held === undefined) continue;
      this.#copiesTokens += (copies - held.copies) * held.blockSize;
      held.copies = copies;
      if (copies > 0) continue;
      this.#held.delete(hash);
      this.#tokens -= held.blockSize;
      if (held.content.kind === 'whole') for (const word of held.content.words) gone.push(word);
      else if (held.content.kind === 'part') this.#joins.went(hash);
    }
    if (gone.length > 0) this.#blocks.release(Uint32Array.from(gone));
  }

  /** Blocks of a run before the first whose content cannot be named. */
  #usableBlocks({ hashes, media, opaqueFrom, blockSize }: Stored): number {
    let usable = Math.min(opaqueFrom ?? hashes.length, hashes.length);
    for (const [block, items] of media) {
      // Of a larger block of the engine nobody says which of the pool's blocks in it a media item overlaps.
      if (items.length > BLOCK_MEDIA_MAX || blockSize > this.#blockSize) usable = Math.min(usable, block);
    }
    return usable;
  }

  /** Engine blocks of one pool block or several. */
  #storeWhole(run: RunTaker, { chain }: KnownPlace, usable: number): void {
    const { tokens, media, blockSize, loraName } = run.event;
    const words = sequenceHashes(
      tokens.subarray(0, usable * blockSize),
      this.#blockSize,
      seedOf(loraName, run.cacheSalt),
      // Of larger blocks those before the first with media are usable.
      { parent: chain, media: blockSize === this.#blockSize ? mediaContents(media) : null },
    );
    const wordsPerBlock = (blockSize / this.#blockSize) * 2;
    // Blocks that are new lie in runs: each is told as one.
    let from = -1;
    const tell = (to: number): void => {
      if (from >= 0)
        this.#blocks.hold(from === 0 ? chain : words.slice(from - 2, from), words.slice(from, to));
      from = -1;
    };
    for (let block = 0; block < usable; block += 1) {
      const at = block * wordsPerBlock;
      const content = { kind: 'whole', words: words.slice(at, at + wordsPerBlock) } as const;
      const outcome = run.take(block, content);
      if (outcome.kind !== 'new') tell(at);
      else if (from < 0) from = at;
      if (outcome.kind === 'renamed') this.#release(run.hash(block), outcome.was);
    }
    tell(words.length);
  }

  /** Engine blocks of which several make one pool block. */
  #storeParts(run: RunTaker, { chain, open }: KnownPlace, usable: number): void {
    const { tokens, media, blockSize, loraName } = run.event;
    const seed = seedOf(loraName, run.cacheSalt);
    let place = { chain, previous: open };
    for (let block = 0; block < usable; block += 1) {
      const hash = run.hash(block);
      const own = {
        tokens: tokens.subarray(block * blockSize, (block + 1) * blockSize),
        media: media.get(block) ?? [],
      };
      const part = nextPart(hash, own, { ...place, seed, blockSize: this.#blockSize });
      const outcome = run.take(block, part);
      if (outcome.kind === 'renamed') this.#release(hash, outcome.was);
      if (outcome.kind === 'new') {
        this.#joins.came(hash);
        const { members, words } = part;
        const missing = members.filter((member) => this.#held.get(member)?.content.kind !== 'part').length;
        if (words !== null) this.#joins.join(members, { parent: part.chain, words }, missing);
      }
      place =
        part.words === null ? { chain: part.chain, previous: part } : { chain: part.words, previous: null };
    }
  }

  #release(hash: EngineHash, content: BlockContent): void {
    if (content.kind === 'whole') this.#blocks.release(content.words);
    else if (content.kind === 'part') this.#joins.went(hash);
  }
}

type KnownPlace = Extract<RunPlace, { kind: 'known' }>;
