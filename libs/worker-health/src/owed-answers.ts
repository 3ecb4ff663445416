/** What a worker owes: requests that it has and has said nothing about. */
export class OwedAnswers {
  /** Requests that run there without a first byte. */
  #waiting = 0;
  /** Since when it says nothing, while it owes something; null when it owes nothing. */
  #sinceMs: number | null = null;
  /** Longest that one of them may well take before its first byte, in ms. */
  #patienceMs = 0;
  /** Answers of the whole pool when the silence began. */
  #poolAnswers = 0;
  /** Times that a probe has found this silence harmless. */
  #excuses = 0;

  get excuses(): number {
    return this.#excuses;
  }

  sent(nowMs: number, patienceMs: number, poolAnswers: number): void {
    this.#waiting += 1;
    this.#patienceMs = Math.max(this.#patienceMs, patienceMs);
    if (this.#sinceMs !== null) return;
    this.#sinceMs = nowMs;
    this.#poolAnswers = poolAnswers;
  }

  /** The worker has said something. */
  heard(nowMs: number, poolAnswers: number): void {
    this.#excuses = 0;
    this.#begin(nowMs, poolAnswers);
  }

  /** A request got its first byte, or ended without one. */
  settled(): void {
    this.#waiting -= 1;
    if (this.#waiting === 0) this.#patienceMs = 0;
  }

  /** A request ended because we gave it up too early to say anything. */
  forgiven(): void {
    if (this.#waiting === 0) this.#sinceMs = null;
  }

  /** A probe was answered: what it owes has another reason. */
  excuse(nowMs: number, poolAnswers: number): void {
    this.#excuses += 1;
    this.#begin(nowMs, poolAnswers);
  }

  /** How long it has said nothing beyond what its requests may take, and what others answered meanwhile; null when it owes nothing. */
  silence(nowMs: number, poolAnswers: number): { readonly ms: number; readonly answers: number } | null {
    if (this.#sinceMs === null) return null;
    return { ms: nowMs - this.#sinceMs - this.#patienceMs, answers: poolAnswers - this.#poolAnswers };
  }

  #begin(nowMs: number, poolAnswers: number): void {
    this.#sinceMs = this.#waiting > 0 ? nowMs : null;
    this.#poolAnswers = poolAnswers;
  }
}
