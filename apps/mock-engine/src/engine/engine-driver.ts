import { SimulatedEngine } from '@kvasir/engine-sim';
import type {
  EngineOptions,
  FinishReason,
  SimLoad,
  SimOutput,
  SimRequest,
  SimTimes,
  SimUsage,
  SubmitOutcome,
} from '@kvasir/engine-sim';
import type { CancelTimer, Clock } from '@kvasir/service';
import { VirtualTime } from './virtual-time.js';

export interface Finished {
  /** In engine time, as `times`. */
  readonly atMs: number;
  readonly reason: FinishReason;
  readonly usage: SimUsage;
  readonly times: SimTimes;
  /** Blocks kept for another engine; null when none are. */
  readonly keptBlocks: readonly number[] | null;
}

/** Told what becomes of one request, in order. Nothing comes after `finished` or `failed`, nor after an abort. */
export interface GenerationListener {
  token(token: number): void;
  finished(end: Finished): void;
  /** The blocks that another engine holds are wanted now: answer with `transferred` or `transferFailed`. */
  transferWanted(): void;
  /** The blocks are here. */
  transferEnded(): void;
  /** The blocks did not come and the policy is not to compute them here. */
  failed(): void;
}

/** What stored blocks hold. */
export type StoredContent = Pick<Extract<SimOutput, { kind: 'kvStored' }>, 'tokens' | 'namespace'>;

/** Told what the KV cache stores and forgets, in order. */
export interface KvListener {
  stored(parent: Uint32Array | null, hashes: Uint32Array, content: StoredContent): void;
  removed(hashes: Uint32Array): void;
  cleared(): void;
  /** What belongs together has been told. */
  stepped(): void;
}

export interface EngineDriverOptions {
  readonly engine: EngineOptions;
  /** Virtual ms per real ms. */
  readonly speedup: number;
  readonly clock: Clock;
  readonly kv: KvListener;
}

/** Runs a simulated engine against a clock: wakes it when it has something to do and hands out what came. */
export class EngineDriver {
  readonly #engine: SimulatedEngine;
  readonly #clock: Clock;
  readonly #time: VirtualTime;
  readonly #speedup: number;
  readonly #kv: KvListener;
  readonly #listeners = new Map<string, GenerationListener>();
  #cancelWake: CancelTimer | null = null;
  #isClosed = false;

  constructor(options: EngineDriverOptions) {
    this.#clock = options.clock;
    this.#speedup = options.speedup;
    this.#time = new VirtualTime(options.speedup, options.clock.nowMs());
    this.#engine = new SimulatedEngine(options.engine, 0);
    this.#kv = options.kv;
  }

  /** Requests that wait, run or get blocks. */
  get requestCount(): number {
    return this.#listeners.size;
  }

  submit(request: SimRequest, listener: GenerationListener): SubmitOutcome {
    const outcome = this.#engine.submit(request, this.#nowMs());
    if (outcome.kind === 'accepted') this.#listeners.set(request.id, listener);
    this.#schedule();
    return outcome;
  }

  /** Ends a request without an answer; does nothing when it has ended. */
  abort(id: string): void {
    if (!this.#listeners.delete(id)) return;
    this.#engine.abort(id, this.#nowMs());
    this.#schedule();
  }

  transferred(id: string): void {
    this.#engine.transferred(id, this.#nowMs());
    this.#schedule();
  }

  transferFailed(id: string): void {
    this.#engine.transferFailed(id, this.#nowMs());
    this.#schedule();
  }

  /** Lets go of blocks kept for another engine. @returns false when none are kept under the id. */
  release(id: string): boolean {
    const isReleased = this.#engine.release(id, this.#nowMs());
    this.#schedule();
    return isReleased;
  }

  /** Keeps blocks for another `leaseMs` (real) from now. @returns false when none are kept under the id. */
  extendLease(id: string, leaseMs: number): boolean {
    return this.#engine.extendLease(id, this.#nowMs() + this.virtualMs(leaseMs));
  }

  /** @returns false, and nothing changes, while requests use blocks. */
  resetCache(): boolean {
    const isReset = this.#engine.resetCache(this.#nowMs());
    this.#schedule();
    return isReset;
  }

  load(): SimLoad {
    return this.#engine.load();
  }

  /** A real duration in the engine's own time at full speed. */
  virtualMs(realMs: number): number {
    return realMs * this.#speedup;
  }

  /** Computes this many times slower; Infinity stops, 1 is full speed. */
  setSlowness(factor: number): void {
    this.#time.setRate(this.#speedup / factor, this.#clock.nowMs());
    this.#schedule();
  }

  /** Nothing comes any more. Idempotent. */
  close(): void {
    this.#isClosed = true;
    this.#cancelWake?.();
    this.#listeners.clear();
  }

  #nowMs(): number {
    return this.#time.at(this.#clock.nowMs());
  }

  #schedule(): void {
    this.#cancelWake?.();
    this.#cancelWake = null;
    const wakeMs = this.#engine.nextWakeMs();
    if (wakeMs === null || this.#isClosed) return;
    const delayMs = this.#time.realMsUntil(wakeMs, this.#clock.nowMs());
    if (delayMs === Infinity) return;
    this.#cancelWake = this.#clock.after(delayMs, () => this.#wake());
  }

  #wake(): void {
    this.#cancelWake = null;
    for (const output of this.#engine.advance(this.#nowMs())) {
      if (this.#isClosed) return;
      this.#tell(output);
    }
    this.#kv.stepped();
    this.#schedule();
  }

  #tell(output: SimOutput): void {
    switch (output.kind) {
      case 'kvStored':
        this.#kv.stored(output.parent, output.hashes, output);
        return;
      case 'kvRemoved':
        this.#kv.removed(output.hashes);
        return;
      case 'kvCleared':
        this.#kv.cleared();
        return;
      case 'leaseExpired':
        return;
      default:
        this.#tellListener(output);
    }
  }

  #tellListener(
    output: Extract<
      SimOutput,
      { kind: 'token' | 'finished' | 'transferWanted' | 'transferEnded' | 'failed' }
    >,
  ): void {
    const listener = this.#listeners.get(output.id);
    // Aborted meanwhile.
    if (listener === undefined) return;
    switch (output.kind) {
      case 'token':
        listener.token(output.token);
        return;
      case 'transferWanted':
        listener.transferWanted();
        return;
      case 'transferEnded':
        listener.transferEnded();
        return;
      case 'finished':
        this.#listeners.delete(output.id);
        listener.finished(output);
        return;
      case 'failed':
        this.#listeners.delete(output.id);
        listener.failed();
    }
  }
}
