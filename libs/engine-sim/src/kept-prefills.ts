interface Kept {
  readonly blocks: readonly number[];
  readonly untilMs: number;
}

/** Blocks of finished prefills, kept for another engine under leases. */
export class KeptPrefills {
  readonly #kept = new Map<string, Kept>();
  #dueMs = Infinity;

  get count(): number {
    return this.#kept.size;
  }

  /** End of the lease that ends first; Infinity without any. */
  get dueMs(): number {
    return this.#dueMs;
  }

  has(id: string): boolean {
    return this.#kept.has(id);
  }

  keep(id: string, blocks: readonly number[], untilMs: number): void {
    this.#kept.set(id, { blocks, untilMs });
    this.#dueMs = Math.min(this.#dueMs, untilMs);
  }

  /** @returns the blocks, or null when nothing is kept under the id. */
  take(id: string): readonly number[] | null {
    const kept = this.#kept.get(id);
    if (kept === undefined) return null;
    this.#kept.delete(id);
    this.#findDue(kept.untilMs);
    return kept.blocks;
  }

  /** A lease is never made shorter. @returns false when nothing is kept under the id. */
  extend(id: string, untilMs: number): boolean {
    const kept = this.#kept.get(id);
    if (kept === undefined) return false;
    if (untilMs <= kept.untilMs) return true;
    this.#kept.set(id, { blocks: kept.blocks, untilMs });
    this.#findDue(kept.untilMs);
    return true;
  }

  /** Ids whose lease has ended by `nowMs`, in the order in which they were kept. */
  expired(nowMs: number): readonly string[] {
    if (this.#dueMs > nowMs) return [];
    return [...this.#kept].filter(([, { untilMs }]) => untilMs <= nowMs).map(([id]) => id);
  }

  /** Looks for the first end again when the one that has gone may have been it. */
  #findDue(goneMs: number): void {
    if (goneMs > this.#dueMs) return;
    this.#dueMs = Infinity;
    for (const { untilMs } of this.#kept.values()) this.#dueMs = Math.min(this.#dueMs, untilMs);
  }
}
