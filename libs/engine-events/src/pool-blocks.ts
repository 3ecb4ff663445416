/** Told what a rank's cache holds, in the hashes that all routers know: interleaved low and high words. */
export interface KvRunSink {
  stored(parent: Uint32Array | null, hashes: Uint32Array): void;
  removed(hashes: Uint32Array): void;
  cleared(): void;
}

/**
 * Which of the pool's blocks are held, counted: an engine may hold the same prefix under two names, and only the last one's going takes it away. A block is told
 * of while it and the block before it are held; one whose parent has gone meanwhile is told when the parent comes back.
 */
export class PoolBlocks {
  readonly #sink: KvRunSink;
  /** Holders of each block. */
  readonly #holders = new Map<string, number>();
  /** By the parent that they wait for. */
  readonly #waiting = new Map<string, Map<string, Uint32Array>>();
  /** Of the blocks that wait. */
  readonly #parentOfUntold = new Map<string, string>();

  constructor(sink: KvRunSink) {
    this.#sink = sink;
  }

  clear(): void {
    this.#holders.clear();
    this.#waiting.clear();
    this.#parentOfUntold.clear();
    this.#sink.cleared();
  }

  /** One more holder of each block of a run. @param parent words of the block before the first, null at a beginning. */
  hold(parent: Uint32Array | null, words: Uint32Array): void {
    // Where the run that is to be told begins.
    let from = -1;
    for (let at = 0; at < words.length; at += 2) {
      const key = keyOf(words, at);
      const holders = this.#holders.get(key) ?? 0;
      this.#holders.set(key, holders + 1);
      const before = at === 0 ? parent : words.subarray(at - 2, at);
      const isNew = holders === 0;
      if (isNew && (from >= 0 || before === null || this.#isTold(before))) {
        if (from < 0) from = at;
        continue;
      }
      if (from >= 0) this.#tell(from === 0 ? parent : words.slice(from - 2, from), words.slice(from, at));
      from = -1;
      if (isNew && before !== null) this.#wait(before, words.slice(at, at + 2));
    }
    if (from >= 0) this.#tell(from === 0 ? parent : words.slice(from - 2, from), words.slice(from));
  }

  /** One holder less of each block. */
  release(words: Uint32Array): void {
    const gone: number[] = [];
    for (let at = 0; at < words.length; at += 2) {
      const key = keyOf(words, at);
      const holders = this.#holders.get(key) ?? 0;
      if (holders > 1) this.#holders.set(key, holders - 1);
      if (holders !== 1) continue;
      this.#holders.delete(key);
      if (!this.#stopWaiting(key)) gone.push(words[at] ?? 0, words[at + 1] ?? 0);
    }
    if (gone.length > 0) this.#sink.removed(Uint32Array.from(gone));
  }

  #isTold(words: Uint32Array): boolean {
    const key = keyOf(words, 0);
    return this.#holders.has(key) && !this.#parentOfUntold.has(key);
  }

  /** Tells of a run, and of what has waited for its blocks, and so on: not by calls within calls, of which a long prompt would need too many. */
  #tell(parent: Uint32Array | null, words: Uint32Array): void {
    const runs: (readonly [Uint32Array | null, Uint32Array])[] = [[parent, words]];
    for (let run = runs.pop(); run !== undefined; run = runs.pop()) {
      const [before, told] = run;
      this.#sink.stored(before, told);
      for (let at = 0; at < told.length && this.#waiting.size > 0; at += 2) {
        const block = told.slice(at, at + 2);
        for (const child of this.#wake(block)) runs.push([block, child]);
      }
    }
  }

  #wait(parent: Uint32Array, words: Uint32Array): void {
    const parentKey = keyOf(parent, 0);
    const waiting = this.#waiting.get(parentKey) ?? new Map<string, Uint32Array>();
    waiting.set(keyOf(words, 0), words);
    this.#waiting.set(parentKey, waiting);
    this.#parentOfUntold.set(keyOf(words, 0), parentKey);
  }

  /** A block is told of now. @returns those that have waited for it. */
  #wake(parent: Uint32Array): readonly Uint32Array[] {
    const waiting = this.#waiting.get(keyOf(parent, 0));
    if (waiting === undefined) return [];
    this.#waiting.delete(keyOf(parent, 0));
    for (const key of waiting.keys()) this.#parentOfUntold.delete(key);
    return [...waiting.values()];
  }

  /** @returns true for a block that was waiting, and so was not told of. */
  #stopWaiting(key: string): boolean {
    const parentKey = this.#parentOfUntold.get(key);
    if (parentKey === undefined) return false;
    this.#parentOfUntold.delete(key);
    const waiting = this.#waiting.get(parentKey);
    waiting?.delete(key);
    if (waiting?.size === 0) this.#waiting.delete(parentKey);
    return true;
  }
}

const keyOf = (words: Uint32Array, at: number): string => `${words[at] ?? 0}:${words[at + 1] ?? 0}`;
