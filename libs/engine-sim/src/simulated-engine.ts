import { BlockManager } from './block-manager.js';
import type { EngineOptions, FinishReason, SimLoad, SimOutput, SimRequest } from './messages.js';
import { Sequence } from './sequence.js';
import { stepMs } from './timing.js';
import type { TimingProfile } from './timing.js';

/** One sequence's part of a step. */
interface Share {
  readonly sequence: Sequence;
  readonly tokens: number;
}

interface Step {
  readonly shares: readonly Share[];
  readonly endMs: number;
}

/**
 * An engine without a GPU: vLLM's way of scheduling over a paged KV cache, in virtual time. Each step serves running sequences first, then takes up
 * waiting ones within the token budget; long prompts are computed in chunks; when blocks run out the newest sequence starts over later.
 * Synchronous and deterministic: the same calls give the same outputs.
 */
export class SimulatedEngine {
  readonly #options: EngineOptions;
  readonly #profile: TimingProfile;
  readonly #blocks: BlockManager;
  readonly #waiting: Sequence[] = [];
  readonly #running: Sequence[] = [];
  /** Waiting for blocks from another engine. */
  readonly #fetching = new Map<Sequence, number>();
  /** Finished prefills whose blocks are kept, with the end of their lease. */
  readonly #kept = new Map<string, { readonly blocks: readonly number[]; readonly untilMs: number }>();
  readonly #outputs: SimOutput[] = [];
  readonly #removedWords: number[] = [];
  #step: Step | null = null;
  #nowMs: number;
  #preemptions = 0;
  #queriedTokens = 0;
  #hitTokens = 0;

  constructor(options: EngineOptions, profile: TimingProfile, nowMs: number) {
    this.#options = options;
    this.#profile = profile;
    this.#nowMs = nowMs;
    this.#blocks = new BlockManager(options.blockCount, {
      removed: (lo, hi) => void this.#removedWords.push(lo, hi),
    });
  }

  /** Takes a request at a time not before the last `advance`. @throws TypeError for an id that is in use. */
  submit(request: SimRequest, nowMs: number): void {
    if (this.#find(request.id) !== null)
      throw new TypeError(`Cannot submit request ${request.id}: the id is in use`);
    this.#nowMs = Math.max(this.#nowMs, nowMs);
    const needed = Math.ceil((request.tokens.length + request.outputTokensMax) / this.#options.blockSize);
    if (needed > this.#options.blockCount) {
      const message = `The request needs ${needed} KV blocks, the engine has ${this.#options.blockCount}`;
      this.#outputs.push({ kind: 'rejected', atMs: this.#nowMs, id: request.id, message });
      return;
    }
    this.#waiting.push(new Sequence(request, this.#options.blockSize));
    this.#begin();
  }

  /** Ends a request without an answer. @returns false when it is not known. */
  abort(id: string): boolean {
    const sequence = this.#find(id);
    if (sequence === null) return false;
    remove(this.#waiting, sequence);
    remove(this.#running, sequence);
    this.#fetching.delete(sequence);
    this.#blocks.release(sequence.blocks);
    sequence.blocks = [];
    return true;
  }

  /** Lets go of what a finished prefill has kept. @returns false when nothing is kept under the id. */
  release(id: string): boolean {
    const kept = this.#kept.get(id);
    if (kept === undefined) return false;
    this.#kept.delete(id);
    this.#blocks.release(kept.blocks);
    this.#begin();
    return true;
  }

  /** Keeps blocks of a finished prefill for longer. @returns false when nothing is kept under the id. */
  extendLease(id: string, untilMs: number): boolean {
    const kept = this.#kept.get(id);
    if (kept === undefined) return false;
    this.#kept.set(id, { blocks: kept.blocks, untilMs: Math.max(kept.untilMs, untilMs) });
    return true;
  }

  /** Forgets cached blocks that nobody uses. */
  resetCache(): void {
    this.#blocks.reset();
    this.#flushRemoved();
  }

  /** Does all that is due up to a time, possibly many steps, and answers with what came out since the last call. */
  advance(toMs: number): readonly SimOutput[] {
    for (let dueMs = this.#nextDueMs(); dueMs <= toMs; dueMs = this.#nextDueMs()) {
      this.#nowMs = Math.max(this.#nowMs, dueMs);
      this.#expireLeases();
      this.#arrive();
      if (this.#step !== null && this.#step.endMs <= this.#nowMs) this.#complete(this.#step);
      this.#begin();
    }
    this.#nowMs = Math.max(this.#nowMs, toMs);
    return this.#outputs.splice(0);
  }

  /** When `advance` will have something to do or to tell; null when nothing will by itself. */
  nextWakeMs(): number | null {
    const wakeMs = this.#outputs.length > 0 ? this.#nowMs : this.#nextDueMs();
    return wakeMs === Infinity ? null : wakeMs;
  }

  load(): SimLoad {
    return {
      runningRequests: this.#running.length + this.#fetching.size,
      waitingRequests: this.#waiting.length,
      kvUsedShare: this.#blocks.usedShare,
      preemptions: this.#preemptions,
      queriedTokens: this.#queriedTokens,
      hitTokens: this.#hitTokens,
    };
  }

  #nextDueMs(): number {
    let dueMs = this.#step?.endMs ?? Infinity;
    for (const readyMs of this.#fetching.values()) dueMs = Math.min(dueMs, readyMs);
    for (const { untilMs } of this.#kept.values()) dueMs = Math.min(dueMs, untilMs);
    return dueMs;
  }

  #find(id: string): Sequence | null {
    for (const list of [this.#running, this.#waiting, this.#fetching.keys()]) {
      for (const sequence of list) if (sequence.request.id === id) return sequence;
    }
    return null;
  }

  /** Plans the next step when none runs and there is work. */
  #begin(): void {
    if (this.#step !== null) return;
    const shares: Share[] = [];
    let budget = this.#options.stepTokensMax;
    for (const sequence of [...this.#running]) {
      if (budget === 0) break;
      // It may have been preempted for one before it.
      if (!this.#running.includes(sequence)) continue;
      const tokens = Math.min(sequence.remainingTokens, budget);
      if (!this.#makeRoom(sequence, tokens)) continue;
      shares.push({ sequence, tokens });
      budget -= tokens;
    }
    budget = this.#takeUp(shares, budget);
    // A later one may have been preempted after it got its share.
    const kept = shares.filter(({ sequence }) => this.#running.includes(sequence));
    this.#flushRemoved();
    if (kept.length > 0) this.#step = { shares: kept, endMs: this.#nowMs + this.#durationMs(kept) };
  }

  /** Moves waiting sequences to running while budget, places and blocks last, oldest first. @returns the budget left. */
  #takeUp(shares: Share[], budgetTokens: number): number {
    let budget = budgetTokens;
    while (budget > 0 && this.#running.length + this.#fetching.size < this.#options.runningMax) {
      const sequence = this.#waiting[0];
      if (sequence === undefined) break;
      const cachedBlocks = this.#referenceCached(sequence);
      const isFetched = sequence.request.role.kind === 'decode' && sequence.outputTokens === 0;
      const tokens = isFetched ? sequence.remainingTokens : Math.min(sequence.remainingTokens, budget);
      if (!this.#grow(sequence, tokens)) {
        this.#rewind(sequence);
        break;
      }
      this.#waiting.shift();
      this.#countLookup(sequence, cachedBlocks);
      if (isFetched) {
        const { role } = sequence.request;
        this.#fetching.set(sequence, this.#nowMs + (role.kind === 'decode' ? role.transferMs : 0));
      } else {
        this.#running.push(sequence);
        shares.push({ sequence, tokens });
        budget -= tokens;
      }
    }
    return budget;
  }

  /** Uses the blocks of the sequence's longest cached prefix; its last token is always computed, for the next one comes from it. */
  #referenceCached(sequence: Sequence): number {
    const { blockSize } = this.#options;
    const most = Math.floor((sequence.tokenCount - 1) / blockSize);
    const words = sequence.words(0, most);
    let found = 0;
    while (found < most) {
      const block = this.#blocks.find(words[found * 2] ?? 0, words[found * 2 + 1] ?? 0);
      if (block === null) break;
      this.#blocks.reference(block);
      sequence.blocks.push(block);
      found += 1;
    }
    sequence.computedTokens = found * blockSize;
    sequence.namedBlocks = found;
    return found;
  }

  #countLookup(sequence: Sequence, cachedBlocks: number): void {
    const cachedTokens = cachedBlocks * this.#options.blockSize;
    if (sequence.cachedTokens === null) {
      this.#queriedTokens += sequence.request.tokens.length;
      this.#hitTokens += Math.min(cachedTokens, sequence.request.tokens.length);
    }
    sequence.cachedTokens ??= cachedTokens;
  }

  #rewind(sequence: Sequence): void {
    this.#blocks.release(sequence.blocks);
    sequence.blocks = [];
    sequence.computedTokens = 0;
    sequence.namedBlocks = 0;
  }

  /** Blocks for the next tokens of a running sequence; the newest others start over until there are enough, at last itself. */
  #makeRoom(sequence: Sequence, tokens: number): boolean {
    while (!this.#grow(sequence, tokens)) {
      const newest = this.#running.at(-1);
      if (newest === undefined) return false;
      this.#running.pop();
      this.#rewind(newest);
      this.#waiting.unshift(newest);
      this.#preemptions += 1;
      if (newest === sequence) return false;
    }
    return true;
  }

  /** Allocates what `tokens` more need, all or nothing. */
  #grow(sequence: Sequence, tokens: number): boolean {
    const needed =
      Math.ceil((sequence.computedTokens + tokens) / this.#options.blockSize) - sequence.blocks.length;
    if (needed > this.#blocks.unusedCount) return false;
    for (let count = 0; count < needed; count += 1) {
      const block = this.#blocks.allocate();
      if (block !== null) sequence.blocks.push(block);
    }
    return true;
  }

  #durationMs(shares: readonly Share[]): number {
    let prefillTokens = 0;
    let decodeSequences = 0;
    for (const { sequence, tokens } of shares) {
      if (tokens === 1 && sequence.computedTokens > 0) decodeSequences += 1;
      else prefillTokens += tokens;
    }
    return stepMs(this.#profile, { prefillTokens, decodeSequences, kvShare: this.#blocks.usedShare });
  }

  #complete({ shares }: Step): void {
    this.#step = null;
    for (const { sequence, tokens } of shares) {
      // Aborted meanwhile.
      if (!this.#running.includes(sequence)) continue;
      sequence.computedTokens += tokens;
      this.#nameBlocks(sequence);
      if (sequence.remainingTokens === 0) this.#generate(sequence);
    }
  }

  /** Tells the cache which blocks are complete now. */
  #nameBlocks(sequence: Sequence): void {
    const complete = Math.floor(sequence.computedTokens / this.#options.blockSize);
    const from = sequence.namedBlocks;
    if (complete <= from) return;
    const words = sequence.words(from, complete);
    let runStart: number | null = null;
    for (let block = from; block <= complete; block += 1) {
      const at = (block - from) * 2;
      const isNew =
        block < complete &&
        this.#blocks.name(sequence.blocks[block] ?? 0, words[at] ?? 0, words[at + 1] ?? 0);
      if (isNew) runStart ??= block;
      else if (runStart !== null) {
        const parent = runStart === 0 ? null : sequence.words(runStart - 1, runStart);
        const hashes = words.slice((runStart - from) * 2, at);
        this.#outputs.push({ kind: 'kvStored', parent, hashes });
        runStart = null;
      }
    }
    sequence.namedBlocks = complete;
  }

  #generate(sequence: Sequence): void {
    const { request } = sequence;
    const token = request.nextToken(sequence.outputTokens);
    if (token === null) {
      this.#finish(sequence, 'stop');
      return;
    }
    this.#outputs.push({
      kind: 'token',
      atMs: this.#nowMs,
      id: request.id,
      token,
      index: sequence.outputTokens,
    });
    sequence.append(token);
    if (sequence.outputTokens >= request.outputTokensMax) this.#finish(sequence, 'length');
  }

  #finish(sequence: Sequence, reason: FinishReason): void {
    const { id, tokens, role } = sequence.request;
    remove(this.#running, sequence);
    if (role.kind === 'prefill')
      this.#kept.set(id, { blocks: sequence.blocks, untilMs: this.#nowMs + role.leaseMs });
    else this.#blocks.release(sequence.blocks);
    const { outputTokens, cachedTokens } = sequence;
    const usage = { promptTokens: tokens.length, outputTokens, cachedTokens: cachedTokens ?? 0 };
    this.#outputs.push({ kind: 'finished', atMs: this.#nowMs, id, reason, usage });
  }

  /** Sequences whose blocks have come begin to run; only their last token is left to compute. */
  #arrive(): void {
    for (const [sequence, readyMs] of this.#fetching) {
      if (readyMs > this.#nowMs) continue;
      this.#fetching.delete(sequence);
      sequence.computedTokens = Math.max(sequence.computedTokens, sequence.tokenCount - 1);
      this.#nameBlocks(sequence);
      this.#running.push(sequence);
    }
  }

  #expireLeases(): void {
    for (const [id, kept] of this.#kept) {
      if (kept.untilMs > this.#nowMs) continue;
      this.release(id);
      this.#outputs.push({ kind: 'leaseExpired', atMs: this.#nowMs, id });
    }
  }

  #flushRemoved(): void {
    if (this.#removedWords.length === 0) return;
    this.#outputs.push({ kind: 'kvRemoved', hashes: Uint32Array.from(this.#removedWords.splice(0)) });
  }
}

function remove(list: Sequence[], sequence: Sequence): void {
  const index = list.indexOf(sequence);
  if (index !== -1) list.splice(index, 1);
}
