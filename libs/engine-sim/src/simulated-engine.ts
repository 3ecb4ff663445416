import { KeptPrefills } from './kept-prefills.js';
import { emptyTotals } from './load-totals.js';
import type { LoadTotals } from './load-totals.js';
import type {
  EngineOptions,
  FinishReason,
  SimLoad,
  SimOutput,
  SimRequest,
  SubmitOutcome,
} from './messages.js';
import { RunQueues } from './run-queues.js';
import { SequenceCache } from './sequence-cache.js';
import { Sequence } from './sequence.js';
import { stepMs, transferMs } from './timing.js';

/**
 * An engine without a GPU: vLLM's way of scheduling over a paged KV cache, in virtual time. Each step serves running requests first, then takes up
 * waiting ones, all within one token budget; long prompts are computed in chunks; when blocks run out the newest request starts over later.
 *
 * Synchronous and deterministic: the same calls give the same outputs. Every call that takes a time first does what is due before it, and what
 * comes out waits for the next `advance`, which also does what is due at that time; times never go back. A step costs O(running requests + new blocks).
 */
export class SimulatedEngine {
  readonly #options: EngineOptions;
  readonly #outputs: SimOutput[] = [];
  readonly #cache: SequenceCache;
  readonly #queues = new RunQueues();
  readonly #kept = new KeptPrefills();
  readonly #byId = new Map<string, Sequence>();
  readonly #totals: LoadTotals = emptyTotals();
  /** Sequences of the step under way. */
  #batch: Sequence[] = [];
  #stepEndMs: number | null = null;
  /** Something has changed that may let a step begin. */
  #mayBegin = false;
  #nowMs: number;

  /** @throws RangeError for a size or limit that is no whole number of at least 1. */
  constructor(options: EngineOptions, nowMs: number) {
    for (const name of ['blockSize', 'blockCount', 'stepTokensMax', 'runningMax', 'waitingMax'] as const) {
      if (!Number.isSafeInteger(options[name]) || options[name] < 1)
        throw new RangeError(
          `Cannot make an engine: ${name} must be a whole number of at least 1, received ${options[name]}`,
        );
    }
    this.#options = options;
    this.#nowMs = nowMs;
    this.#cache = new SequenceCache(options.blockCount, options.blockSize, this.#outputs);
  }

  /** Takes a request, or says why not. Requests of one time are taken up together by the next `advance`. @throws TypeError for an id in use. */
  submit(request: SimRequest, nowMs: number): SubmitOutcome {
    this.#runBefore(nowMs);
    const { id, tokens, outputTokensMax } = request;
    if (this.#byId.has(id) || this.#kept.has(id))
      throw new TypeError(`Cannot submit request ${id}: the id is in use`);
    if (tokens.length === 0) throw new RangeError(`Cannot submit request ${id}: it has no tokens`);
    const { blockSize, blockCount, waitingMax } = this.#options;
    // The KV of the last token is never needed.
    const neededBlocks = Math.ceil((tokens.length + outputTokensMax - 1) / blockSize);
    if (neededBlocks > blockCount) {
      this.#totals.refusedRequests += 1;
      return { kind: 'neverFits', neededBlocks, blockCount };
    }
    if (this.#queues.waiting.length >= waitingMax) {
      this.#totals.refusedRequests += 1;
      return { kind: 'queueFull', waitingMax };
    }
    const sequence = new Sequence(request, blockSize, this.#nowMs);
    this.#byId.set(id, sequence);
    this.#queues.waiting.push(sequence);
    this.#mayBegin = true;
    return { kind: 'accepted' };
  }

  /** Ends a request without an answer and frees its blocks. @returns false when it is not known, e.g. because it has finished. */
  abort(id: string, nowMs: number): boolean {
    this.#runBefore(nowMs);
    const sequence = this.#byId.get(id);
    if (sequence === undefined) return false;
    this.#end(sequence);
    return true;
  }

  /** The blocks of a `transferWanted` are on their way: they are there once the model's time is over, at the earliest now. @returns false when nobody waits. */
  transferred(id: string, nowMs: number): boolean {
    this.#runBefore(nowMs);
    const sequence = this.#byId.get(id);
    if (sequence?.state !== 'fetching') return false;
    const endMs = sequence.transferStartMs + transferMs(this.#options.transfer, sequence.fetchedTokens);
    this.#queues.expectArrival(sequence, Math.max(endMs, this.#nowMs));
    return true;
  }

  /** The blocks of a `transferWanted` will not come: the request fails or is computed here, by policy. @returns false when nobody waits. */
  transferFailed(id: string, nowMs: number): boolean {
    this.#runBefore(nowMs);
    const sequence = this.#byId.get(id);
    if (sequence?.state !== 'fetching') return false;
    this.#totals.failedTransfers += 1;
    if (this.#options.transfer.onFailure === 'fail') {
      this.#outputs.push({ kind: 'failed', atMs: this.#nowMs, id });
      this.#end(sequence);
      return true;
    }
    sequence.fetchedTokens = 0;
    this.#queues.arrive(sequence);
    this.#mayBegin = true;
    return true;
  }

  /** Lets go of what a finished prefill has kept. @returns false when nothing is kept under the id. */
  release(id: string, nowMs: number): boolean {
    this.#runBefore(nowMs);
    return this.#letGo(id);
  }

  /** Keeps blocks of a finished prefill for longer; never for less. @returns false when nothing is kept under the id. */
  extendLease(id: string, untilMs: number): boolean {
    return this.#kept.extend(id, untilMs);
  }

  /** Forgets all cached blocks. @returns false, and nothing changes, while any are in use or kept, as in vLLM. */
  resetCache(nowMs: number): boolean {
    this.#runBefore(nowMs);
    return this.#cache.reset();
  }

  /** Does all that is due up to a time, possibly many steps, and returns what came out since the last call. */
  advance(toMs: number): readonly SimOutput[] {
    this.#runBefore(toMs);
    while (this.#nextDueMs() <= toMs) this.#doDue();
    return this.#outputs.splice(0);
  }

  /** When `advance` will have something to do or to tell; null when nothing will by itself. */
  nextWakeMs(): number | null {
    const wakeMs = this.#outputs.length > 0 ? this.#nowMs : this.#nextDueMs();
    return wakeMs === Infinity ? null : wakeMs;
  }

  load(): SimLoad {
    return {
      ...this.#totals,
      runningRequests: this.#queues.running.length,
      waitingRequests: this.#queues.waitingCount,
      keptPrefills: this.#kept.count,
      kvUsedShare: this.#cache.usedShare,
      cachedBlocks: this.#cache.cachedBlocks,
    };
  }

  #runBefore(nowMs: number): void {
    while (this.#nextDueMs() < nowMs) this.#doDue();
    this.#nowMs = Math.max(this.#nowMs, nowMs);
  }

  #doDue(): void {
    this.#nowMs = Math.max(this.#nowMs, this.#nextDueMs());
    for (const id of this.#kept.expired(this.#nowMs)) this.#expire(id);
    for (const sequence of this.#queues.takeArrivals(this.#nowMs)) this.#arrive(sequence);
    if (this.#stepEndMs !== null && this.#stepEndMs <= this.#nowMs) this.#completeStep();
    if (this.#stepEndMs === null) this.#beginStep();
  }

  #nextDueMs(): number {
    const dueMs = this.#stepEndMs ?? (this.#mayBegin ? this.#nowMs : Infinity);
    return Math.min(dueMs, this.#queues.arrivalDueMs, this.#kept.dueMs);
  }

  #beginStep(): void {
    this.#mayBegin = false;
    const budget = this.#serveRunning();
    // After a preemption nobody is taken up, or the freed blocks would be gone again; but when nobody is left to run the others must get on.
    if (budget !== null) this.#takeUp(budget);
    else if (this.#batch.length === 0) this.#takeUp(this.#options.stepTokensMax);
    this.#cache.flushRemoved();
    if (this.#batch.length > 0) this.#stepEndMs = this.#nowMs + this.#stepDurationMs();
  }

  /** Gives running requests their tokens, oldest first. @returns the budget left; null when one was preempted: then none is taken up. */
  #serveRunning(): number | null {
    const { running } = this.#queues;
    const runningCount = running.length;
    let budget = this.#options.stepTokensMax;
    for (let index = 0; index < running.length && budget > 0; index += 1) {
      const sequence = running[index];
      if (sequence === undefined) break;
      const tokens = Math.min(sequence.remainingTokens, budget);
      // When it was preempted itself it was the newest, so nobody comes after it.
      if (!this.#makeRoom(sequence, tokens)) break;
      this.#schedule(sequence, tokens);
      budget -= tokens;
    }
    return running.length < runningCount ? null : budget;
  }

  /** Blocks for the next tokens of a running request; the newest ones start over until there are enough, at last itself. */
  #makeRoom(sequence: Sequence, tokens: number): boolean {
    while (!this.#cache.grow(sequence, tokens)) {
      const newest = this.#queues.preemptNewest();
      this.#cache.rewind(newest);
      this.#totals.preemptions += 1;
      if (newest === sequence) return false;
    }
    return true;
  }

  /** Takes up requests while budget, places and blocks last: those whose blocks have arrived, then waiting ones, oldest first. */
  #takeUp(budgetTokens: number): void {
    let budget = budgetTokens;
    while (budget > 0 && this.#queues.running.length < this.#options.runningMax) {
      const sequence = this.#queues.next();
      if (sequence === null) return;
      if (sequence.state === 'waiting' && !this.#admit(sequence)) return;
      if (sequence.mayFetch) {
        this.#beginTransfer(sequence);
        continue;
      }
      const tokens = Math.min(sequence.remainingTokens, budget);
      if (!this.#cache.grow(sequence, tokens)) return;
      this.#queues.run(sequence);
      this.#schedule(sequence, tokens);
      budget -= tokens;
    }
  }

  #admit(sequence: Sequence): boolean {
    if (!this.#cache.admit(sequence)) return false;
    if (sequence.cachedTokens !== null) return true;
    // Taken up for the first time; what it finds of itself after a preemption does not count.
    sequence.startedMs = this.#nowMs;
    sequence.cachedTokens = sequence.computedTokens;
    this.#totals.queriedTokens += sequence.tokenCount;
    this.#totals.hitTokens += sequence.computedTokens;
    return true;
  }

  #beginTransfer(sequence: Sequence): void {
    const { id } = sequence.request;
    const tokens = sequence.remainingTokens;
    this.#cache.grow(sequence, tokens);
    sequence.mayFetch = false;
    sequence.fetchedTokens = tokens;
    sequence.transferStartMs = this.#nowMs;
    this.#queues.fetch(sequence);
    this.#outputs.push({ kind: 'transferWanted', atMs: this.#nowMs, id, tokens });
  }

  /** All is there but the last token, which must be computed here for the first one to come out. */
  #arrive(sequence: Sequence): void {
    this.#totals.fetchedTokens += sequence.fetchedTokens;
    sequence.computedTokens = sequence.tokenCount - 1;
    this.#cache.nameBlocks(sequence);
    this.#queues.arrive(sequence);
    this.#outputs.push({ kind: 'transferEnded', atMs: this.#nowMs, id: sequence.request.id });
    this.#mayBegin = true;
  }

  #schedule(sequence: Sequence, tokens: number): void {
    sequence.stepTokens = tokens;
    this.#batch.push(sequence);
  }

  #stepDurationMs(): number {
    let prefillTokens = 0;
    let prefillPairs = 0;
    let decodeSequences = 0;
    for (const { stepTokens, computedTokens } of this.#batch) {
      if (stepTokens === 1 && computedTokens > 0) {
        decodeSequences += 1;
        continue;
      }
      prefillTokens += stepTokens;
      prefillPairs += stepTokens * (stepTokens + 2 * computedTokens);
    }
    this.#totals.steps += 1;
    this.#totals.prefillTokens += prefillTokens;
    const { usedShare: kvShare } = this.#cache;
    return stepMs(this.#options.timing, { prefillTokens, prefillPairs, decodeSequences, kvShare });
  }

  #completeStep(): void {
    const batch = this.#batch;
    this.#batch = [];
    this.#stepEndMs = null;
    this.#mayBegin = true;
    for (const sequence of batch) {
      // Aborted meanwhile.
      if (sequence.state !== 'running') continue;
      sequence.computedTokens += sequence.stepTokens;
      this.#cache.nameBlocks(sequence);
      if (sequence.remainingTokens === 0) this.#generate(sequence);
    }
    this.#queues.dropEnded();
  }

  #generate(sequence: Sequence): void {
    const { id, source, outputTokensMax } = sequence.request;
    const token = source.next();
    this.#outputs.push({ kind: 'token', atMs: this.#nowMs, id, token });
    if (sequence.outputTokens === 0) sequence.firstTokenMs = this.#nowMs;
    sequence.append(token);
    this.#totals.outputTokens += 1;
    if (source.isEnded) this.#finish(sequence, 'stop');
    else if (sequence.outputTokens >= outputTokensMax) this.#finish(sequence, 'length');
  }

  /** Leaves it in `running`: `dropEnded` takes all that have finished in a step at once. */
  #finish(sequence: Sequence, reason: FinishReason): void {
    const { id, tokens, role } = sequence.request;
    const { outputTokens, fetchedTokens, arrivedMs, startedMs, firstTokenMs, blocks } = sequence;
    sequence.state = 'ended';
    this.#byId.delete(id);
    // An answer that has ended by itself needs no decode engine, so vLLM keeps nothing for one.
    const keptBlocks = role.kind === 'prefill' && reason === 'length' ? blocks : null;
    if (role.kind === 'prefill' && keptBlocks !== null)
      this.#kept.keep(id, keptBlocks, this.#nowMs + role.leaseMs);
    else this.#cache.release(blocks);
    this.#outputs.push({
      kind: 'finished',
      atMs: this.#nowMs,
      id,
      reason,
      usage: {
        promptTokens: tokens.length,
        outputTokens,
        cachedTokens: sequence.cachedTokens ?? 0,
        fetchedTokens,
      },
      times: { arrivedMs, startedMs, firstTokenMs },
      keptBlocks,
    });
  }

  #end(sequence: Sequence): void {
    this.#byId.delete(sequence.request.id);
    this.#queues.remove(sequence);
    this.#cache.rewind(sequence);
    this.#mayBegin = true;
  }

  #expire(id: string): void {
    if (!this.#letGo(id)) return;
    this.#totals.expiredLeases += 1;
    this.#outputs.push({ kind: 'leaseExpired', atMs: this.#nowMs, id });
  }

  #letGo(id: string): boolean {
    const blocks = this.#kept.take(id);
    if (blocks === null) return false;
    this.#cache.release(blocks);
    this.#mayBegin = true;
    return true;
  }
}
