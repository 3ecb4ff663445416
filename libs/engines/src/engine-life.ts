import type { Incarnation } from '@kvasir/units';

/** How an engine's time in the list ended: it is not in it any more, or another life of it has taken its place. */
export type EngineLifeEnd = 'left' | 'restarted';

/** One life of an engine, as a registry tells it. What waits for it is pointless once it has ended. */
export class EngineLife {
  readonly incarnation: Incarnation;
  #end: EngineLifeEnd | null = null;
  readonly #callbacks = new Set<() => void>();

  constructor(incarnation: Incarnation) {
    this.incarnation = incarnation;
  }

  /** Null while it is in the list. */
  get end(): EngineLifeEnd | null {
    return this.#end;
  }

  /** Calls back once when it ends; never when it has ended before. @returns what stops that. */
  onEnd(callback: () => void): () => void {
    if (this.#end !== null) return () => undefined;
    this.#callbacks.add(callback);
    return () => void this.#callbacks.delete(callback);
  }

  finish(end: EngineLifeEnd): void {
    if (this.#end !== null) return;
    this.#end = end;
    const callbacks = [...this.#callbacks];
    this.#callbacks.clear();
    for (const callback of callbacks) callback();
  }
}
