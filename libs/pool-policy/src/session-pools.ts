interface Binding {
  readonly pool: string;
  readonly untilMs: number;
}

/** Which pool a session is on. Bounded: the session that was used longest ago is forgotten first. All operations O(1). */
export class SessionPools {
  readonly #sessionsMax: number;
  readonly #ttlMs: number;
  /** In the order of their last use. */
  readonly #bindings = new Map<string, Binding>();
  #forgottenSessions = 0;

  constructor({ sessionsMax, ttlMs }: { readonly sessionsMax: number; readonly ttlMs: number }) {
    this.#sessionsMax = sessionsMax;
    this.#ttlMs = ttlMs;
  }

  get size(): number {
    return this.#bindings.size;
  }

  /** Sessions that were forgotten because there were too many. */
  get forgottenSessions(): number {
    return this.#forgottenSessions;
  }

  /** Null for a session that is not known, or was not used for `ttlMs`. */
  poolOf(session: string, nowMs: number): string | null {
    const binding = this.#bindings.get(session);
    if (binding === undefined) return null;
    if (binding.untilMs > nowMs) return binding.pool;
    this.#bindings.delete(session);
    return null;
  }

  bind(session: string, pool: string, nowMs: number): void {
    this.#bindings.delete(session);
    this.#bindings.set(session, { pool, untilMs: nowMs + this.#ttlMs });
    if (this.#bindings.size <= this.#sessionsMax) return;
    const [oldest] = this.#bindings.keys();
    if (oldest !== undefined) this.#bindings.delete(oldest);
    this.#forgottenSessions += 1;
  }
}
