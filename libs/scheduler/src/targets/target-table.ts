import type { WorkerId } from '@kvasir/units';

/** What a target is and whether it may be chosen. */
export interface TargetSpec {
  readonly workerId: WorkerId;
  readonly rank: number;
  /** Labels that constraints can require. */
  readonly taints: readonly string[];
  /** LoRA adapters that it serves; absent or null: any is tried. */
  readonly loraNames?: ReadonlySet<string> | null | undefined;
}

/** A target with its dense number. */
export interface Target extends TargetSpec {
  readonly number: number;
  /** False while the worker drains or is set aside after a fault. */
  readonly isEligible: boolean;
  /** Not eligible, but to be chosen rather than nobody. */
  readonly servesAtNeed: boolean;
}

/**
 * Dense numbers for (worker, rank), so that everything about targets is a column. A number is reused after its target has gone.
 */
export class TargetTable {
  readonly #targets: (Target | null)[] = [];
  readonly #numbers = new Map<WorkerId, Map<number, number>>();
  readonly #free: number[] = [];
  /** 1 where a target is there and eligible: most requests have no constraints, and then this column is the answer. */
  #eligible = new Uint8Array(16);
  #eligibleCount = 0;

  /** Numbers in use are below this. */
  get columnCount(): number {
    return this.#targets.length;
  }

  /** Targets that are there. */
  get size(): number {
    return this.#targets.length - this.#free.length;
  }

  get eligibleCount(): number {
    return this.#eligibleCount;
  }

  /** Copies who is eligible; the rest of `to` becomes 0. */
  copyEligible(to: Uint8Array): void {
    to.fill(0);
    to.set(this.#eligible.subarray(0, this.#targets.length));
  }

  /** Adds or replaces a target. */
  put(spec: TargetSpec, isEligible: boolean, servesAtNeed = false): Target {
    const known = this.numberOf(spec.workerId, spec.rank);
    const number = known ?? this.#free.pop() ?? this.#targets.length;
    const target: Target = { ...spec, number, isEligible, servesAtNeed };
    this.#targets[number] = target;
    this.#setEligible(number, isEligible);
    if (known === null) {
      const ranks = this.#numbers.get(spec.workerId) ?? new Map<number, number>();
      ranks.set(spec.rank, number);
      this.#numbers.set(spec.workerId, ranks);
    }
    return target;
  }

  remove(number: number): void {
    const target = this.at(number);
    if (target === null) return;
    const ranks = this.#numbers.get(target.workerId);
    ranks?.delete(target.rank);
    if (ranks?.size === 0) this.#numbers.delete(target.workerId);
    this.#targets[number] = null;
    this.#setEligible(number, false);
    this.#free.push(number);
  }

  at(number: number): Target | null {
    return this.#targets[number] ?? null;
  }

  numberOf(workerId: WorkerId, rank: number): number | null {
    return this.#numbers.get(workerId)?.get(rank) ?? null;
  }

  /** Targets in the order of their numbers. */
  *all(): Iterable<Target> {
    for (const target of this.#targets) if (target !== null) yield target;
  }

  #setEligible(number: number, isEligible: boolean): void {
    if (number >= this.#eligible.length) {
      const wider = new Uint8Array(this.#eligible.length * 2);
      wider.set(this.#eligible);
      this.#eligible = wider;
    }
    this.#eligibleCount += Number(isEligible) - (this.#eligible[number] ?? 0);
    this.#eligible[number] = Number(isEligible);
  }
}
