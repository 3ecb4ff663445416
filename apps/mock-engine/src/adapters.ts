/** The LoRA adapters that the engine serves now: loaded and unloaded on demand, as vLLM does with runtime updating. */
export class Adapters {
  readonly #names: Set<string>;
  readonly #changed: () => void;

  constructor(names: readonly string[], changed: () => void) {
    this.#names = new Set(names);
    this.#changed = changed;
  }

  /** In the order in which they were loaded. */
  names(): readonly string[] {
    return [...this.#names];
  }

  has(name: string): boolean {
    return this.#names.has(name);
  }

  /** @returns false when it is loaded already. */
  load(name: string): boolean {
    if (this.#names.has(name)) return false;
    this.#names.add(name);
    this.#changed();
    return true;
  }

  /** @returns false when it is not loaded. */
  unload(name: string): boolean {
    if (!this.#names.delete(name)) return false;
    this.#changed();
    return true;
  }
}
