import type { Prng } from '@kvasir/units';
import type { KvEventPublisher } from '../kv-event-publisher.js';
import { blockWords, childOf, parentOf, ROOT_IDS } from './block-tree.js';

/** Blocks beyond this are not stored. */
const BLOCK_ID_MAX = 2 ** 20;

/** An engine whose caches change at random, what they really hold, and the publisher that tells others. Deterministic for a seed. */
export class RandomEngine {
  readonly publisher: KvEventPublisher;
  readonly #prng: Prng;
  readonly #held: readonly Set<number>[];

  constructor(publisher: KvEventPublisher, rankCount: number, prng: Prng) {
    this.publisher = publisher;
    this.#prng = prng;
    this.#held = Array.from({ length: rankCount }, () => new Set<number>());
  }

  /** What one rank holds, sorted. */
  held(rank: number): number[] {
    return [...(this.#held[rank] ?? [])].sort((one, other) => one - other);
  }

  /** Stores, removes or clears on one rank. */
  act(): void {
    const rank = Math.floor(this.#prng() * this.#held.length);
    const held = this.#held[rank] ?? new Set();
    const choice = this.#prng();
    if (choice < 0.02) {
      held.clear();
      this.publisher.publishCleared(rank);
    } else if (choice < 0.3) this.#remove(rank, held);
    else this.#store(rank, held);
  }

  /** Any blocks, so that children may stay without their parents. */
  #remove(rank: number, held: Set<number>): void {
    const removed = [...held].filter(() => this.#prng() < 0.2);
    if (removed.length === 0) return;
    for (const id of removed) held.delete(id);
    this.publisher.publishRemoved(rank, blockWords(removed));
  }

  /** A run from a root, or from a block that is held. */
  #store(rank: number, held: Set<number>): void {
    const heads = [...ROOT_IDS, ...[...held].map((id) => childOf(id, this.#prng() < 0.5))];
    let next = heads[Math.floor(this.#prng() * heads.length)] ?? 4;
    const run: number[] = [];
    do {
      if (next >= BLOCK_ID_MAX) break;
      run.push(next);
      next = childOf(next, this.#prng() < 0.5);
    } while (this.#prng() < 0.7);
    const [head] = run;
    if (head === undefined) return;
    const parent = parentOf(head);
    const outcome = this.publisher.publishStored(
      rank,
      parent === null ? null : blockWords([parent]),
      blockWords(run),
    );
    if (outcome.kind === 'unknownParent')
      throw new Error(`Block ${head} was refused although its parent is held`);
    for (const id of run) held.add(id);
  }
}
