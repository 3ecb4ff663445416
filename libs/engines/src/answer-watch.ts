import type { CancelTimer, Clock } from '@kvasir/service';
import type { EngineLife } from './engine-life.js';
import type { EngineLimits } from './engine-limits.js';
import { engineFailure } from './errors.js';
import type { EngineFailure } from './errors.js';

/**
 * How an answer comes: `stream` token by token; `whole` in one piece, with its head when all is generated; `oneToken` in one piece too, but of
 * one token, as a prefill leg's.
 */
export type AnswerShape = 'stream' | 'whole' | 'oneToken';

export interface AnswerWatchParts {
  readonly clock: Clock;
  readonly limits: Pick<
    EngineLimits,
    'headTimeoutMs' | 'firstTokenTimeoutMs' | 'tokenGapTimeoutMs' | 'goneSilenceMs'
  >;
  readonly shape: AnswerShape;
  /** Null when nobody tells whether the engine is still there. */
  readonly life: EngineLife | null;
  /** True while this side takes no bytes: what does not come then is not the engine's doing. */
  readonly isHeld: () => boolean;
  readonly onLate: (failure: EngineFailure) => void;
}

interface Due {
  readonly atMs: number;
  readonly code: 'ENGINE_TIMEOUT' | 'ENGINE_FIRST_TOKEN_TIMEOUT' | 'ENGINE_INACTIVE' | 'ENGINE_GONE';
}

/** Notices an engine that is late with its answer, or that has left and says nothing more. One timer, set anew only when it fires or a phase ends. */
export class AnswerWatch {
  readonly #parts: AnswerWatchParts;
  readonly #sentAtMs: number;
  readonly #stopLife: () => void;
  #progressAtMs: number;
  #hasHead = false;
  #hasToken = false;
  #isStopped = false;
  #cancelTimer: CancelTimer | null = null;

  constructor(parts: AnswerWatchParts) {
    this.#parts = parts;
    this.#sentAtMs = parts.clock.nowMs();
    this.#progressAtMs = this.#sentAtMs;
    this.#stopLife = parts.life?.onEnd(() => this.#check()) ?? ((): void => undefined);
  }

  /** To be called once the exchange runs: may call `onLate` at once, for an engine that has left before. */
  start(): void {
    this.#check();
  }

  head(): void {
    this.#hasHead = true;
    this.#progressAtMs = this.#parts.clock.nowMs();
    this.#check();
  }

  /** Bytes have come that carry a token, or that belong to an answer in one piece. */
  progress(): void {
    this.#progressAtMs = this.#parts.clock.nowMs();
    if (this.#hasToken) return;
    this.#hasToken = true;
    this.#check();
  }

  stop(): void {
    this.#isStopped = true;
    this.#stopLife();
    this.#cancelTimer?.();
  }

  #check(): void {
    if (this.#isStopped) return;
    this.#cancelTimer?.();
    this.#cancelTimer = null;
    const { clock, isHeld, onLate } = this.#parts;
    if (isHeld()) this.#progressAtMs = clock.nowMs();
    const due = this.#due();
    if (due === null) return;
    const leftMs = due.atMs - clock.nowMs();
    if (leftMs > 0) this.#cancelTimer = clock.after(leftMs, () => this.#check());
    else {
      this.stop();
      onLate(engineFailure(due.code, LATE[due.code]));
    }
  }

  /** The first thing that the engine is to do, and by when; null when it may take as long as the caller waits. */
  #due(): Due | null {
    const { life, limits } = this.#parts;
    const phase = this.#phaseDue();
    if (life === null || life.end === null) return phase;
    const goneAtMs = life.end === 'restarted' ? this.#sentAtMs : this.#progressAtMs + limits.goneSilenceMs;
    return phase !== null && phase.atMs <= goneAtMs ? phase : { atMs: goneAtMs, code: 'ENGINE_GONE' };
  }

  #phaseDue(): Due | null {
    const { shape, limits } = this.#parts;
    if (this.#hasToken || (this.#hasHead && shape !== 'stream'))
      return { atMs: this.#progressAtMs + limits.tokenGapTimeoutMs, code: 'ENGINE_INACTIVE' };
    if (shape === 'whole') return null;
    const firstTokenAtMs = this.#sentAtMs + limits.firstTokenTimeoutMs;
    const headAtMs = this.#sentAtMs + limits.headTimeoutMs;
    return shape === 'stream' && !this.#hasHead && headAtMs < firstTokenAtMs
      ? { atMs: headAtMs, code: 'ENGINE_TIMEOUT' }
      : { atMs: firstTokenAtMs, code: 'ENGINE_FIRST_TOKEN_TIMEOUT' };
  }
}

const LATE = {
  ENGINE_TIMEOUT: 'The engine did not begin to answer in time',
  ENGINE_FIRST_TOKEN_TIMEOUT: 'The first token did not come in time',
  ENGINE_INACTIVE: 'The engine fell silent within its answer',
  ENGINE_GONE: 'The engine is not in the list any more, and silent',
} as const;
