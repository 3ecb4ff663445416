import type { EngineHash, EngineKvEvent } from './decode/engine-kv-event.js';

/** Events that wait for a parent that was not told of; of more the oldest are given up. */
export const ORPHAN_EVENTS_MAX = 1_024;
/** The same for their tokens. */
export const ORPHAN_TOKENS_MAX = 4_194_304;
/** Who has waited so long has missed its parent for good. */
export const ORPHAN_MS_MAX = 300_000;

type Stored = Extract<EngineKvEvent, { kind: 'stored' }>;

/** A run of blocks whose parent is unknown, and its blocks that were removed meanwhile. */
export interface Orphan {
  readonly event: Stored;
  readonly parent: EngineHash;
  readonly sinceMs: number;
  readonly gone: Set<EngineHash>;
}

/** Runs of blocks that wait for their parent, in the order in which they came. */
export class OrphanRuns {
  readonly #runs = new Set<Orphan>();
  readonly #byParent = new Map<EngineHash, Set<Orphan>>();
  readonly #byHash = new Map<EngineHash, Set<Orphan>>();
  #tokens = 0;

  clear(): void {
    this.#runs.clear();
    this.#byParent.clear();
    this.#byHash.clear();
    this.#tokens = 0;
  }

  /** @returns how many runs had to be given up for it, itself among them when it is too long. */
  add(event: Stored, parent: EngineHash, nowMs: number): number {
    if (event.tokens.length > ORPHAN_TOKENS_MAX) return 1;
    // Its tokens are a part of a message that is let go of otherwise.
    const orphan = {
      event: { ...event, tokens: event.tokens.slice() },
      parent,
      sinceMs: nowMs,
      gone: new Set<string>(),
    };
    this.#runs.add(orphan);
    this.#tokens += event.tokens.length;
    addTo(this.#byParent, parent, orphan);
    for (const hash of event.hashes) addTo(this.#byHash, hash, orphan);
    let lost = 0;
    for (const oldest of this.#runs) {
      if (this.#runs.size <= ORPHAN_EVENTS_MAX && this.#tokens <= ORPHAN_TOKENS_MAX) break;
      this.#forget(oldest);
      lost += 1;
    }
    return lost;
  }

  /** Takes out what waits for a block, in the order in which it came. */
  take(parent: EngineHash): readonly Orphan[] {
    const waiting = [...(this.#byParent.get(parent) ?? [])];
    for (const orphan of waiting) this.#forget(orphan);
    return waiting;
  }

  /** Notes that a block has gone. @param isPerCopy of one run only, when several have it. */
  removed(hash: EngineHash, isPerCopy: boolean): void {
    for (const { gone } of this.#byHash.get(hash) ?? []) {
      if (gone.has(hash)) continue;
      gone.add(hash);
      if (isPerCopy) return;
    }
  }

  /** Gives up what has waited too long. @returns how many. */
  expire(nowMs: number): number {
    let expired = 0;
    for (const oldest of this.#runs) {
      if (nowMs - oldest.sinceMs < ORPHAN_MS_MAX) break;
      this.#forget(oldest);
      expired += 1;
    }
    return expired;
  }

  #forget(orphan: Orphan): void {
    this.#runs.delete(orphan);
    this.#tokens -= orphan.event.tokens.length;
    deleteFrom(this.#byParent, orphan.parent, orphan);
    for (const hash of orphan.event.hashes) deleteFrom(this.#byHash, hash, orphan);
  }
}

function addTo(map: Map<EngineHash, Set<Orphan>>, hash: EngineHash, orphan: Orphan): void {
  const known = map.get(hash);
  if (known === undefined) map.set(hash, new Set([orphan]));
  else known.add(orphan);
}

function deleteFrom(map: Map<EngineHash, Set<Orphan>>, hash: EngineHash, orphan: Orphan): void {
  const known = map.get(hash);
  known?.delete(orphan);
  if (known?.size === 0) map.delete(hash);
}
