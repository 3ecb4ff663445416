/** One piece of work that waits or is under way. */
interface Entry {
  readonly id: number;
  /** Units of all work done when this came, and its own. */
  readonly turn: number;
}

/**
 * Which work is next: small before large, until as much work has been done since the large one came as it is large; what comes after that
 * does not overtake it any more. Work is counted in units, so the order does not depend on the speed. Ties go to who came first.
 */
export class WorkQueue {
  readonly #entries: Entry[] = [];
  #doneUnits = 0;

  get size(): number {
    return this.#entries.length;
  }

  /** @param units of all its work, as far as known. */
  add(id: number, units: number): void {
    const entry = { id, turn: this.#doneUnits + units };
    let low = 0;
    let high = this.#entries.length;
    while (low < high) {
      const middle = (low + high) >>> 1;
      if ((this.#entries[middle]?.turn ?? 0) <= entry.turn) low = middle + 1;
      else high = middle;
    }
    this.#entries.splice(low, 0, entry);
  }

  /** Whose turn it is; null when nothing waits. It stays in the queue until removed. */
  next(): number | null {
    return this.#entries[0]?.id ?? null;
  }

  /** Counts work that was done, whoever it was for. */
  count(units: number): void {
    this.#doneUnits += units;
  }

  /** Done, failed or given up; unknown ids are ignored. */
  remove(id: number): void {
    const at = this.#entries.findIndex((entry) => entry.id === id);
    if (at >= 0) this.#entries.splice(at, 1);
  }
}
