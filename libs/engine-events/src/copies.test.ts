import { DEFAULT_SEED, sequenceHashes } from '@kvasir/block-hash';
import { seededPrng } from '@kvasir/units';
import * as fc from 'fast-check';
import { describe, expect, it } from 'vitest';
import type { EngineKvEvent } from './decode/engine-kv-event.js';
import { EngineKvLedger } from './engine-kv-ledger.js';

const BLOCK = 2;
const BLOCKS_MAX = 24;
type Stored = Extract<EngineKvEvent, { kind: 'stored' }>;

/** How an engine tells of copies and of what it finds in its cache. */
const manners = {
  /** Arrays: new blocks only, each copy's end. */
  arrays: { origin: true, reports: false, ends: 'each' },
  /** Maps that say whether blocks are new. */
  origins: { origin: true, reports: true, ends: 'each' },
  /** Maps that say how many copies are left. */
  counts: { origin: true, reports: true, ends: 'counted' },
  /** Maps that say nothing of it, and tell of each copy's end. */
  plain: { origin: false, reports: true, ends: 'each' },
  /** The same, of the last copy's end only. */
  lastOnly: { origin: false, reports: true, ends: 'last' },
} as const;
type Manner = keyof typeof manners;

/** A vLLM without a GPU: keeps copies, evicts them one by one, finds prefixes. A block's name is the path of digits to it. */
class Engine {
  readonly copies = new Map<string, number>();
  readonly #manner: (typeof manners)[Manner];
  readonly #group: number | null;
  readonly #prng: () => number;
  /** Everything that was told, to be told out of order. */
  readonly events: EngineKvEvent[] = [];

  constructor(manner: Manner, group: number | null, prng: () => number) {
    this.#manner = manners[manner];
    this.#group = group;
    this.#prng = prng;
  }

  chance(share: number): boolean {
    return this.#prng() < share;
  }

  /** A request: what it finds it may report, what it computes it stores; now and then it computes what is there. */
  serve(path: string): void {
    // Before it looks: what it finds is not evicted for it.
    while (this.#blocks() + path.length > BLOCKS_MAX) this.evict();
    let hits = 0;
    while (hits < path.length && this.copies.has(path.slice(0, hits + 1))) hits += 1;
    // The last block of a prompt is always computed; a request that wants all logits computes everything.
    if (hits === path.length || this.chance(0.1)) hits = this.chance(0.2) ? 0 : Math.max(0, hits - 1);
    if (this.#manner.reports && hits > 0 && this.chance(0.5)) this.#tell(path.slice(0, hits), 0, 'reused');
    for (let at = hits; at < path.length; at += 1) {
      const name = path.slice(0, at + 1);
      this.copies.set(name, (this.copies.get(name) ?? 0) + 1);
    }
    if (hits < path.length) this.#tell(path, hits, 'new');
  }

  evict(): void {
    const names = [...this.copies.keys()];
    const name = names[Math.floor(this.#prng() * names.length)];
    if (name === undefined) return;
    const left = (this.copies.get(name) ?? 0) - 1;
    if (left === 0) this.copies.delete(name);
    else this.copies.set(name, left);
    if (this.#manner.ends === 'last' && left > 0) return;
    this.events.push({
      kind: 'removed',
      hashes: [name],
      copiesLeft: this.#manner.ends === 'counted' ? [left] : null,
      isPerCopy: this.#manner === manners.arrays,
      ...{ tier: 'device', group: this.#group },
    });
  }

  /** What others say on the same socket. */
  noise(): void {
    const path = this.#path();
    const other = this.#stored(path, 0, 'new');
    const [tier, group, isFullAttention] = [
      ['host', this.#group, true] as const,
      ['device', 7, false] as const,
      ['remote', null, true] as const,
    ][Math.floor(this.#prng() * 3)] ?? ['host', null, true];
    this.events.push({ ...other, tier, group, isFullAttention });
    if (this.chance(0.5)) {
      this.events.push({
        ...{
          kind: 'removed',
          hashes: other.hashes,
          copiesLeft: null,
          isPerCopy: this.#manner === manners.arrays,
        },
        ...{ tier: tier === 'device' && this.#group === null ? 'host' : tier, group },
      });
    }
  }

  #path(): string {
    return Array.from({ length: 1 + Math.floor(this.#prng() * 5) }, () => Math.floor(this.#prng() * 2)).join(
      '',
    );
  }

  step(): void {
    if (this.chance(0.1)) this.noise();
    else if (this.chance(0.3)) this.evict();
    else this.serve(this.#path());
  }

  #blocks(): number {
    return [...this.copies.values()].reduce((sum, count) => sum + count, 0);
  }

  #tell(path: string, from: number, origin: 'new' | 'reused'): void {
    this.events.push(this.#stored(path, from, origin));
  }

  #stored(path: string, from: number, origin: 'new' | 'reused'): Stored {
    const names = Array.from({ length: path.length - from }, (_, index) => path.slice(0, from + index + 1));
    return {
      kind: 'stored',
      hashes: names,
      parent: from === 0 ? null : path.slice(0, from),
      tokens: tokensOf(path).slice(from * BLOCK),
      blockSize: BLOCK,
      ...{
        loraName: null,
        cacheSalt: null,
        media: new Map(),
        opaqueFrom: null,
        tier: 'device',
        group: this.#group,
      },
      isFullAttention: true,
      origin: this.#manner.origin ? origin : 'untold',
    };
  }
}

const tokensOf = (path: string): Uint32Array =>
  Uint32Array.from(path.split('').flatMap((digit) => [Number(digit), Number(digit)]));
const keysOf = (words: Uint32Array): string[] =>
  Array.from({ length: words.length / 2 }, (_, block) => `${words[2 * block]}:${words[2 * block + 1]}`);

function ledger() {
  const held = new Set<string>();
  const made = new EngineKvLedger(
    BLOCK,
    {
      stored: (_, hashes) => keysOf(hashes).forEach((key) => held.add(key)),
      removed: (hashes) => keysOf(hashes).forEach((key) => held.delete(key)),
      cleared: () => held.clear(),
    },
    { copies: 'learned', blocksMax: BLOCKS_MAX },
  );
  return { held, made };
}

const names = new Map<string, string>();
/** The pool's name of the block at the end of a path. */
function nameOf(path: string): string {
  const known = names.get(path) ?? keysOf(sequenceHashes(tokensOf(path), BLOCK, DEFAULT_SEED)).at(-1) ?? '';
  names.set(path, known);
  return known;
}

const truth = (engine: Engine): Set<string> => new Set([...engine.copies.keys()].map(nameOf));

/** Blocks whose parent has gone are told of when it is back: consumers could not use them before. */
const isExact = (held: ReadonlySet<string>, all: ReadonlySet<string>): boolean =>
  held.size === all.size && [...held].every((key) => all.has(key));

describe('the copies of an engine', () => {
  it.each(['arrays', 'origins', 'counts'] as const)(
    'equal a naive oracle where its events say what they mean (%s)',
    (manner) => {
      fc.assert(
        fc.property(fc.integer(), fc.constantFrom(null, 0, 2), (seed, group) => {
          const engine = new Engine(manner, group, seededPrng(seed));
          const { held, made } = ledger();
          for (let step = 0; step < 80; step += 1) {
            engine.step();
            for (const event of engine.events.splice(0)) made.apply(event, step);
            const all = truth(engine);
            if (manner === 'origins') expect([...held].every((key) => all.has(key))).toBe(true);
            else expect(isExact(held, all)).toBe(true);
          }
          expect(made.counts().overfull).toBe(0);
        }),
        { numRuns: 60 },
      );
    },
  );

  it.each(['plain', 'lastOnly'] as const)('are never more than it has where they do not (%s)', (manner) => {
    let claimed = 0;
    let there = 0;
    fc.assert(
      fc.property(fc.integer(), fc.constantFrom(null, 0, 2), (seed, group) => {
        const engine = new Engine(manner, group, seededPrng(seed));
        const { held, made } = ledger();
        for (let step = 0; step < 80; step += 1) {
          engine.step();
          for (const event of engine.events.splice(0)) made.apply(event, step);
          const all = truth(engine);
          expect([...held].every((key) => all.has(key))).toBe(true);
          claimed += held.size;
          there += all.size;
        }
        expect(made.counts().overfull).toBe(0);
      }),
      { numRuns: 60 },
    );
    // The safe side costs little.
    expect(claimed / there).toBeGreaterThan(0.8);
  });

  it('come right again when they were misread: more than the engine has cannot be', () => {
    fc.assert(
      fc.property(fc.integer(), (seed) => {
        const engine = new Engine('origins', 0, seededPrng(seed));
        const { held, made } = ledger();
        for (let step = 0; step < 200; step += 1) {
          engine.step();
          // A release that tells of reuse as if it were new.
          for (const event of engine.events.splice(0))
            made.apply(event.kind === 'stored' ? { ...event, origin: 'new' } : event, step);
        }
        expect(held.size).toBeLessThanOrEqual(BLOCKS_MAX);
        expect(made.counts().overfull).toBeLessThan(20);
      }),
      { numRuns: 50 },
    );
  });
});
