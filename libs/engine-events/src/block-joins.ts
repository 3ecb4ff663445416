import type { EngineHash } from './decode/engine-kv-event.js';
import type { PoolBlocks } from './pool-blocks.js';

/** One block of the pool that several smaller blocks of the engine make up. */
interface Join {
  readonly parent: Uint32Array | null;
  readonly words: Uint32Array;
  /** Engine blocks in order; the last one completes it. */
  readonly members: readonly EngineHash[];
  /** Members that the engine does not hold now. */
  missing: number;
}

/** Holds a pool block while the engine holds all of the blocks that it is made of. */
export class BlockJoins {
  readonly #blocks: PoolBlocks;
  readonly #byMember = new Map<EngineHash, Join[]>();

  constructor(blocks: PoolBlocks) {
    this.#blocks = blocks;
  }

  clear(): void {
    this.#byMember.clear();
  }

  /** Joins blocks, of which some may be gone already. Done once per last member; later `came` and `went` say what becomes of it. */
  join(
    members: readonly EngineHash[],
    { parent, words }: { readonly parent: Uint32Array | null; readonly words: Uint32Array },
    missing: number,
  ): void {
    const last = members.at(-1) ?? '';
    const isKnown = this.#byMember.get(last)?.some((join) => join.members.at(-1) === last);
    if (isKnown === true) return;
    const join: Join = { parent, words, members, missing };
    for (const member of members) {
      const joins = this.#byMember.get(member);
      if (joins === undefined) this.#byMember.set(member, [join]);
      else joins.push(join);
    }
    if (missing === 0) this.#blocks.hold(parent, words);
  }

  /** The engine holds a block again. */
  came(member: EngineHash): void {
    for (const join of this.#byMember.get(member) ?? []) {
      join.missing -= 1;
      if (join.missing === 0) this.#blocks.hold(join.parent, join.words);
    }
  }

  /** The engine holds a block no more. */
  went(member: EngineHash): void {
    for (const join of [...(this.#byMember.get(member) ?? [])]) {
      join.missing += 1;
      if (join.missing === 1) this.#blocks.release(join.words);
      if (join.missing === join.members.length) this.#forget(join);
    }
  }

  #forget(join: Join): void {
    for (const member of join.members) {
      const left = this.#byMember.get(member)?.filter((other) => other !== join) ?? [];
      if (left.length === 0) this.#byMember.delete(member);
      else this.#byMember.set(member, left);
    }
  }
}
