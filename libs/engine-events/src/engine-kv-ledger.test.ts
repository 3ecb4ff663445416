import { DEFAULT_SEED, mediaContent, namespaceSeed, PromptBlocks, sequenceHashes } from '@kvasir/block-hash';
import { seededPrng } from '@kvasir/units';
import * as fc from 'fast-check';
import { describe, expect, it } from 'vitest';
import type { EngineKvEvent } from './decode/engine-kv-event.js';
import { EngineKvLedger } from './engine-kv-ledger.js';
import type { LedgerOptions } from './engine-kv-ledger.js';
import { BLOCK_MEDIA_MAX } from './held-blocks.js';
import { ORPHAN_EVENTS_MAX, ORPHAN_MS_MAX } from './orphan-runs.js';

const BLOCK = 4;
type Stored = Extract<EngineKvEvent, { kind: 'stored' }>;

/** What a consumer is left with; a run under an unknown parent is a fault of the ledger. */
class HeldSet {
  readonly keys = new Set<string>();
  readonly sink = {
    stored: (parent: Uint32Array | null, hashes: Uint32Array): void => {
      if (parent !== null && !this.keys.has(keysOf(parent)[0] ?? '')) throw new Error('unknown parent');
      for (const key of keysOf(hashes)) this.keys.add(key);
    },
    removed: (hashes: Uint32Array): void => {
      for (const key of keysOf(hashes)) if (!this.keys.delete(key)) throw new Error('unknown block');
    },
    cleared: (): void => this.keys.clear(),
  };
}

const keysOf = (words: Uint32Array): string[] =>
  Array.from({ length: words.length / 2 }, (_, block) => `${words[2 * block]}:${words[2 * block + 1]}`);
const ids = (count: number, first = 0): Uint32Array =>
  Uint32Array.from({ length: count }, (_, index) => first + index);
const stored = (fields: Partial<Stored> = {}): Stored => ({
  kind: 'stored',
  hashes: ['a', 'b'],
  parent: null,
  tokens: ids(8),
  blockSize: BLOCK,
  loraName: null,
  cacheSalt: null,
  media: new Map(),
  opaqueFrom: null,
  tier: 'device',
  group: null,
  isFullAttention: true,
  origin: 'new',
  ...fields,
});
const removed = (hashes: readonly string[], fields: object = {}): EngineKvEvent => ({
  kind: 'removed',
  hashes,
  copiesLeft: null,
  isPerCopy: true,
  tier: 'device',
  group: null,
  ...fields,
});
const hashesOf = (tokens: Uint32Array, seed = DEFAULT_SEED): string[] =>
  keysOf(sequenceHashes(tokens, BLOCK, seed));

function ledger(...events: readonly EngineKvEvent[]) {
  return ledgerOf({}, ...events);
}

/** One event each millisecond. */
function ledgerOf(options: Partial<LedgerOptions>, ...events: readonly EngineKvEvent[]) {
  const held = new HeldSet();
  const made = new EngineKvLedger(BLOCK, held.sink, { copies: 'learned', blocksMax: null, ...options });
  for (const [nowMs, event] of events.entries()) made.apply(event, nowMs);
  return { held: [...held.keys].sort(), counts: made.counts(), made };
}

describe('EngineKvLedger', () => {
  it('names blocks by their tokens, chained over the prompt, whatever the engine calls them', () => {
    const { held } = ledger(stored(), stored({ hashes: ['c'], parent: 'b', tokens: ids(4, 8) }));
    expect(held).toEqual(hashesOf(ids(12)).sort());
  });

  it('keeps adapters and salts apart', () => {
    const { held } = ledger(stored({ hashes: ['a'], tokens: ids(4), loraName: 'sql', cacheSalt: 'tenant' }));
    expect(held).toEqual(hashesOf(ids(4), namespaceSeed({ loraName: 'sql', cacheSalt: 'tenant' })));
  });

  it('trap: a salt is named at the beginning of a prompt only, and holds for all of it', () => {
    const { held } = ledger(
      stored({ cacheSalt: 'tenant' }),
      stored({ hashes: ['c'], parent: 'b', tokens: ids(4, 8) }),
    );
    expect(held).toEqual(hashesOf(ids(12), namespaceSeed({ cacheSalt: 'tenant' })).sort());
  });

  it('trap: layers that look at a window only do not decide what can be reused', () => {
    const { held } = ledger(
      stored({ hashes: ['x'], tokens: ids(4, 50), group: 0, isFullAttention: false }),
      stored({ group: 1 }),
    );
    expect(held).toEqual(hashesOf(ids(8)).sort());
  });

  it('trap: the first removal of a block that lies there twice does not mean that it is gone', () => {
    expect(ledger(stored(), stored(), removed(['b'])).held).toHaveLength(2);
    expect(ledger(stored(), stored(), removed(['b']), removed(['b'])).held).toHaveLength(1);
    expect(ledger(stored(), removed(['b'], { copiesLeft: [1] })).held).toHaveLength(2);
  });

  describe('of an engine that may tell of the same twice', () => {
    const told = (fields: Partial<Stored> = {}): Stored => stored({ origin: 'untold', ...fields });
    const went = (hashes: readonly string[], fields: object = {}): EngineKvEvent =>
      removed(hashes, { isPerCopy: false, ...fields });
    const last = told({ hashes: ['b'], parent: 'a', tokens: ids(4, 4) });

    it('takes reports of what a request has found in the cache for no copies', () => {
      const { held, counts } = ledger(told(), told(), told(), told(), went(['b']));
      expect(held).toEqual(hashesOf(ids(4)));
      expect(counts).toMatchObject({ repeatedBlocks: 6, unknownRemovals: 0 });
      expect(ledger(told(), told(), went(['a', 'b'])).held).toEqual([]);
      const reused = [stored(), stored({ origin: 'reused' }), stored({ origin: 'reused' })];
      expect(ledger(...reused, removed(['a', 'b'])).held).toEqual([]);
    });

    it('knows copies where the engine says so, and counts those that it says are left', () => {
      const twice = [stored(), stored()];
      expect(ledger(...twice, removed(['b'])).held).toHaveLength(2);
      expect(ledger(...twice, went(['b'])).held).toHaveLength(1);
      expect(ledger(told(), told(), went(['b'], { copiesLeft: [1] })).held).toHaveLength(2);
      expect(ledger(...twice, went(['a', 'b'], { copiesLeft: [0, 0] })).held).toEqual([]);
      expect(ledger(...twice, went(['a', 'b'], { copiesLeft: [null, 1] })).held).toHaveLength(1);
      expect(ledger(...twice, removed(['b', 'b'])).held).toHaveLength(1);
    });

    it('takes the first end for the last until the engine has told of each copy’s', () => {
      const { held, counts } = ledger(told(), last, last, went(['b']));
      expect(held).toHaveLength(1);
      expect(counts.doubtedBlocks).toBe(1);
      // Gone twice and not stored between: each copy's end is told.
      const shown = [told(), last, last, went(['b']), went(['b']), went(['b']), last, last, went(['b'])];
      expect(ledger(...shown).held).toHaveLength(2);
      expect(ledger(...shown, went(['b'])).held).toHaveLength(1);
      // Reports of reuse are no copies for that.
      expect(ledger(...shown, told(), went(['b'])).held).toHaveLength(1);
      // Gone, stored, gone shows nothing.
      const between = [told(), last, last, went(['b']), last, went(['b']), last, last, went(['b'])];
      expect(ledger(...between).held).toHaveLength(1);
    });

    it('goes by what it is told of the engine', () => {
      const events = [told(), told(), went(['b'])];
      expect(ledgerOf({ copies: 'counted' }, ...events).held).toHaveLength(2);
      expect(ledgerOf({ copies: 'single' }, stored(), stored(), removed(['b'])).held).toHaveLength(1);
    });

    it('forgets everything and asks for it once more when its copies are more than the engine has', () => {
      let asked = 0;
      const options = { blocksMax: 4, mustReadAnew: () => (asked += 1) };
      const events = [stored(), last, last, removed(['b']), last, last];
      const { held, counts, made } = ledgerOf(options, ...events);
      expect(held).toEqual([]);
      expect([counts.overfull, asked]).toEqual([1, 1]);
      // Copies count no more: what is told again fits.
      for (const event of events) made.apply(event, 9);
      expect([made.heldBlocks, counts.overfull, asked]).toEqual([2, 1, 1]);
      // Who holds too many different blocks has kept some to itself: reading it anew would not help.
      made.apply(stored({ hashes: ['v', 'w', 'x'], tokens: ids(12, 60) }), 9);
      expect([made.heldBlocks, counts.overfull, asked]).toEqual([0, 2, 1]);
    });
  });

  it('a name that stands for two contents stands for none', () => {
    const salted = stored({ cacheSalt: 'tenant' });
    const { held, counts } = ledger(
      stored(),
      salted,
      stored({ hashes: ['c'], parent: 'b', tokens: ids(4, 8) }),
    );
    expect(held).toEqual([]);
    expect(counts).toMatchObject({ renamedBlocks: 2, opaqueBlocks: 1 });
    expect(ledger(stored(), salted, removed(['a', 'b', 'a', 'b']), stored()).held).toHaveLength(2);
    // The same name twice in a run.
    expect(ledger(stored({ hashes: ['a', 'a'] })).held).toEqual([]);
    const part = (tokens: Uint32Array): Stored => stored({ hashes: ['p', 'q'], tokens, blockSize: 2 });
    expect(ledger(part(ids(4)), part(ids(4, 70))).held).toEqual([]);
  });

  it('trap: takes blocks of many parts, many media items, and many blocks that wait for one', () => {
    const names = (count: number): string[] => Array.from({ length: count }, (_, index) => `h${index}`);
    const many = 150_000;
    const big = stored({ hashes: ['big'], tokens: ids(BLOCK * many), blockSize: BLOCK * many });
    expect(ledger(big, removed(['big'])).held).toEqual([]);
    const media = new Map(names(many).map((item, block) => [block, [item]]));
    const images = stored({ hashes: names(many), tokens: ids(8 * many), blockSize: 8, media });
    expect(ledger(images).counts.opaqueBlocks).toBe(many);
    // All wait for the first, which comes back.
    const deep = 20_000;
    const parts = stored({ hashes: ['y', 'z'], tokens: ids(4), blockSize: 2 });
    const run = stored({ hashes: names(deep), tokens: ids(BLOCK * deep, 4), parent: 'z' });
    const first = stored({ hashes: ['y'], tokens: ids(2), blockSize: 2 });
    expect(ledger(parts, removed(['y']), run, first).held).toHaveLength(deep + 1);
  });

  it('trap: a run under an unknown parent is never taken for a beginning', () => {
    const child = stored({ hashes: ['c'], parent: 'b', tokens: ids(4, 8) });
    const { held, counts } = ledger(child);
    expect(held).toEqual([]);
    expect(counts.orphanEvents).toBe(1);
    expect(ledger(child, stored()).held).toEqual(hashesOf(ids(12)).sort());
    expect(ledger(child, removed(['c']), stored()).held).toEqual(hashesOf(ids(8)).sort());
  });

  it('gives orphans up whose parent does not come in time, and takes others meanwhile', () => {
    const held = new HeldSet();
    const made = new EngineKvLedger(BLOCK, held.sink);
    const child = stored({ hashes: ['c'], parent: 'b', tokens: ids(4, 8) });
    made.apply(child, 0);
    made.apply(stored({ hashes: ['other'], parent: 'b', tokens: ids(4, 9) }), 10);
    made.apply(stored(), ORPHAN_MS_MAX);
    expect(made.counts()).toMatchObject({ orphanEvents: 2, expiredOrphans: 1, lostOrphans: 0 });
    expect(held.keys.size).toBe(3);
    expect(held.keys.has(hashesOf(ids(12)).at(-1) ?? '')).toBe(false);
  });

  it('trap: what comes first does not decide for ever which group counts', () => {
    const lone = stored({ hashes: ['x', 'y'], tokens: ids(8, 50) });
    const grouped = stored({ group: 0 });
    const first = ledger(lone, grouped, stored({ hashes: ['z'], parent: 'b', tokens: ids(4, 8), group: 0 }));
    expect(first.held).toEqual(hashesOf(ids(12)).sort());
    expect(first.counts).toMatchObject({ groupChanges: 1 });
    // What has no group where others have one is of a connector.
    expect(ledger(grouped, lone)).toMatchObject({ held: hashesOf(ids(8)).sort(), counts: { ungrouped: 1 } });
    // A lower number counts more, blocks of the pool's size more still.
    const other = stored({ hashes: ['x'], tokens: ids(4, 50), group: 3 });
    expect(ledger(other, grouped, other).held).toEqual(hashesOf(ids(8)).sort());
    const larger = stored({ hashes: ['x'], tokens: ids(8, 50), blockSize: 8, group: 0 });
    const exact = stored({ group: 1 });
    expect(ledger(larger, exact, larger)).toMatchObject({
      held: hashesOf(ids(8)).sort(),
      counts: { otherGroup: 1 },
    });
    // A group whose blocks do not fit decides nothing.
    expect(
      ledger(stored({ hashes: ['x'], tokens: ids(3), blockSize: 3, group: 0 }), exact).held,
    ).toHaveLength(2);
  });

  it('trap: other tiers, other layer groups, other block sizes and masked tokens are left out', () => {
    const { held, counts } = ledger(
      stored({ group: 0 }),
      stored({ hashes: ['x'], tokens: ids(4, 50), group: 1 }),
      removed(['a'], { group: 1 }),
      stored({ hashes: ['y'], tokens: ids(4, 60), tier: 'host', group: 0 }),
      stored({ hashes: ['z'], tokens: ids(3, 70), blockSize: 3, group: 0 }),
      stored({ hashes: ['m'], tokens: ids(8, 80), group: 0 }),
    );
    expect(held).toEqual(hashesOf(ids(8)).sort());
    expect(counts).toMatchObject({ otherGroup: 2, otherTier: 1, blockSize: 1, tokenCount: 1 });
  });

  it('names blocks of media by their tokens and contents, also when the engine’s are parts of the pool’s', () => {
    const text = fc.constantFrom('one', 'two', 'a'.repeat(64), 'b'.repeat(64));
    const item = fc.record({
      text,
      firstToken: fc.nat({ max: 50 }),
      tokenCount: fc.integer({ min: 1, max: 20 }),
    });
    fc.assert(
      fc.property(
        fc.constantFrom(1, 2, 4),
        fc.integer({ min: 1, max: 12 }),
        fc.array(item, { maxLength: 4 }),
        fc.nat({ max: 5 }),
        (blockSize, poolBlocks, items, cut) => {
          const tokens = ids(poolBlocks * BLOCK);
          const blockCount = tokens.length / blockSize;
          const mediaOf = (block: number): string[] =>
            items
              .filter(
                ({ firstToken, tokenCount }) =>
                  firstToken < (block + 1) * blockSize && firstToken + tokenCount > block * blockSize,
              )
              .map((found) => found.text);
          // In two runs, as an engine that stores step by step tells it.
          const run = (from: number, to: number): EngineKvEvent =>
            stored({
              hashes: Array.from({ length: to - from }, (_, index) => `h${from + index}`),
              parent: from === 0 ? null : `h${from - 1}`,
              tokens: tokens.slice(from * blockSize, to * blockSize),
              blockSize,
              media: new Map(Array.from({ length: to - from }, (_, index) => [index, mediaOf(from + index)])),
            });
          const middle = Math.min(cut, blockCount);
          const runs = [run(0, middle), run(middle, blockCount)].filter(
            (event) => event.kind === 'stored' && event.hashes.length > 0,
          );
          const prompt = new PromptBlocks(
            tokens,
            BLOCK,
            DEFAULT_SEED,
            items.map(({ text: identifier, ...span }) => ({ ...span, content: mediaContent(identifier) })),
          );
          prompt.hashTo(poolBlocks);
          expect(ledger(...runs).held).toEqual(keysOf(prompt.words).sort());
        },
      ),
      { numRuns: 500 },
    );
  });

  it('leaves out the media blocks of an engine whose blocks are larger: nobody says which part they overlap', () => {
    const { held, counts } = ledger(
      stored({ hashes: ['x', 'y'], tokens: ids(16), blockSize: 8, media: new Map([[1, ['image']]]) }),
    );
    expect(held).toEqual(hashesOf(ids(8)).sort());
    expect(counts.opaqueBlocks).toBe(1);
  });

  it('takes no more media items of a block than its limit', () => {
    const many = Array.from({ length: BLOCK_MEDIA_MAX + 1 }, (_, index) => `image-${index}`);
    expect(ledger(stored({ media: new Map([[1, many.slice(1)]]) })).held).toHaveLength(2);
    expect(ledger(stored({ media: new Map([[1, many]]) }))).toMatchObject({
      held: hashesOf(ids(4)),
      counts: { opaqueBlocks: 1 },
    });
  });

  it('leaves out blocks whose content cannot be named, and what follows them', () => {
    const { held, counts } = ledger(
      stored({ opaqueFrom: 1 }),
      stored({ hashes: ['c'], parent: 'b', tokens: ids(4, 8) }),
    );
    expect(held).toEqual(hashesOf(ids(4)));
    expect(counts).toMatchObject({ opaqueBlocks: 2, orphanEvents: 0 });
  });

  it('knows such blocks and what follows them when they go, and takes nothing for an orphan', () => {
    const { held, counts } = ledger(
      stored({ hashes: ['a', 'm'], opaqueFrom: 1 }),
      ...Array.from({ length: ORPHAN_EVENTS_MAX + 5 }, (_, index) =>
        stored({ hashes: [`c${index}`], parent: 'm', tokens: ids(4, 8) }),
      ),
      removed(['c0']),
      removed(['m']),
    );
    expect(held).toEqual(hashesOf(ids(4)));
    expect(counts).toMatchObject({ orphanEvents: 0, lostOrphans: 0, unknownRemovals: 0 });
  });

  it('keeps a block that lies there under two names until the last of them goes', () => {
    const twice = [stored(), stored({ hashes: ['a2', 'b2'] })];
    expect(ledger(...twice, removed(['b'])).held).toHaveLength(2);
    expect(ledger(...twice, removed(['b']), removed(['b2', 'a'])).held).toHaveLength(1);
    expect(ledger(...twice, removed(['a', 'b', 'a2', 'b2'])).held).toEqual([]);
  });

  it('joins engine blocks that are smaller than the pool’s, and takes the join apart when one goes', () => {
    const small = (hashes: string[], parent: string | null, tokens: Uint32Array): Stored =>
      stored({ hashes, parent, tokens, blockSize: 2 });
    const first = small(['a', 'b', 'c'], null, ids(6));
    const second = small(['d'], 'c', ids(2, 6));
    expect(ledger(first).held).toEqual(hashesOf(ids(4)));
    expect(ledger(first, second).held).toEqual(hashesOf(ids(8)).sort());
    expect(ledger(first, second, removed(['c'])).held).toEqual(hashesOf(ids(4)));
    expect(ledger(first, second, removed(['c']), small(['c'], 'b', ids(2, 4))).held).toEqual(
      hashesOf(ids(8)).sort(),
    );
    // A part that was gone when the last one came.
    expect(ledger(first, removed(['a']), small(['a'], null, ids(2))).held).toEqual(hashesOf(ids(4)));
    expect(ledger(first, second, removed(['a', 'b', 'c', 'd'])).held).toEqual([]);
    expect(ledger(first, small(['e'], 'c', ids(3, 6))).counts.tokenCount).toBe(1);
  });

  it('follows a chain whose blocks change their size, where they end with the pool’s', () => {
    const run = (hashes: string[], parent: string | null, tokens: Uint32Array, blockSize: number): Stored =>
      stored({ hashes, parent, tokens, blockSize });
    const large = run(['a'], null, ids(8), 8);
    const even = run(['b'], 'a', ids(4, 8), 4);
    const parts = run(['c', 'd'], 'b', ids(4, 12), 2);
    const last = run(['e'], 'd', ids(8, 16), 8);
    const all = [large, even, parts, last];
    expect(ledger(...all).held).toEqual(hashesOf(ids(24)).sort());
    expect(ledger(...all.toReversed()).held).toEqual(hashesOf(ids(24)).sort());
    expect(ledger(...all, removed(['c'])).held).toHaveLength(5);
    expect(ledger(...all, removed(['e', 'd', 'c', 'b', 'a'])).held).toEqual([]);
    // Parts of one pool block of two sizes.
    const mixed = [run(['x', 'y'], null, ids(2), 1), run(['z'], 'y', ids(2, 2), 2)];
    expect(ledger(...mixed).held).toEqual(hashesOf(ids(4)));
  });

  it('leaves out, counted, what lies across the pool’s blocks, and all that follows it', () => {
    const half = stored({ hashes: ['a'], tokens: ids(2), blockSize: 2 });
    const across = stored({ hashes: ['b'], parent: 'a', tokens: ids(4, 2) });
    const behind = stored({ hashes: ['c'], parent: 'b', tokens: ids(2, 6), blockSize: 2 });
    const { held, counts } = ledger(half, across, behind, removed(['c', 'b', 'a']));
    expect(held).toEqual([]);
    expect(counts).toMatchObject({ blockSize: 1, opaqueBlocks: 2, orphanEvents: 0, unknownRemovals: 0 });
  });

  it('cuts engine blocks that are a multiple of the pool’s', () => {
    const { held } = ledger(stored({ hashes: ['a', 'b'], tokens: ids(16), blockSize: 8 }), removed(['b']));
    expect(held).toEqual(hashesOf(ids(8)).sort());
  });

  it.each([1, 2, 4, 8])(
    'equals a naive oracle after any history of stores, copies, removals and clears (engine blocks of %i)',
    (engineBlock) => {
      fc.assert(
        fc.property(fc.integer(), (seed) => {
          playHistory(engineBlock, seededPrng(seed), 60);
        }),
        { numRuns: 60 },
      );
    },
  );

  it.each([1, 2, 4, 8])(
    'is right again when everything is stored anew, whatever went in which order (engine blocks of %i)',
    (engineBlock) => {
      fc.assert(
        fc.property(fc.integer(), (seed) => {
          const prng = seededPrng(seed);
          const { held, made, oracle } = playHistory(engineBlock, prng, 40);
          const all = [...oracle.keys()];
          // In any order: parents may go before their children.
          for (const prefix of all.filter(() => prng() < 0.5)) {
            for (let copy = oracle.get(prefix) ?? 0; copy > 0; copy -= 1) made.apply(removed([prefix]), 0);
            oracle.delete(prefix);
          }
          for (const prefix of all.toSorted((one, other) => one.length - other.length)) {
            made.apply(
              engineStore([prefix], prefix.length === 1 ? null : prefix.slice(0, -1), engineBlock),
              0,
            );
            oracle.set(prefix, 1);
          }
          expect([...held.keys].sort()).toEqual(expectedBlocks(oracle, engineBlock));
        }),
        { numRuns: 60 },
      );
    },
  );
});

/** An engine's name of a block is the path of digits to it; each digit is the token of the whole block. */
function engineStore(hashes: readonly string[], parent: string | null, engineBlock: number): Stored {
  const tokens = hashes.flatMap((hash) => new Array<number>(engineBlock).fill(Number(hash.at(-1))));
  return stored({ hashes, parent, tokens: Uint32Array.from(tokens), blockSize: engineBlock });
}

/** Pool blocks of which the engine holds every part. */
function expectedBlocks(oracle: ReadonlyMap<string, number>, engineBlock: number): string[] {
  const blocks = new Set<string>();
  for (const path of oracle.keys()) {
    const tokens = path.split('').flatMap((digit) => new Array<number>(engineBlock).fill(Number(digit)));
    const whole = hashesOf(Uint32Array.from(tokens));
    if (engineBlock >= BLOCK) for (const key of whole.slice(-engineBlock / BLOCK)) blocks.add(key);
    else if ((path.length * engineBlock) % BLOCK === 0) {
      const parts = Array.from({ length: BLOCK / engineBlock }, (_, index) =>
        path.slice(0, path.length - index),
      );
      if (parts.every((part) => oracle.has(part))) blocks.add(whole.at(-1) ?? '');
    }
  }
  return [...blocks].sort();
}

/** Stores, copies, removals of leaves and clears at random, compared with the oracle after each. */
function playHistory(engineBlock: number, prng: () => number, steps: number) {
  const held = new HeldSet();
  const made = new EngineKvLedger(BLOCK, held.sink);
  /** Copies of each engine block. */
  const oracle = new Map<string, number>();
  for (let step = 0; step < steps; step += 1) {
    const paths = [...oracle.keys()];
    if (prng() < 0.02) {
      oracle.clear();
      made.apply({ kind: 'cleared' }, step);
    } else if (prng() < 0.6 || paths.length === 0) {
      const parent = prng() < 0.4 ? null : (paths[Math.floor(prng() * paths.length)] ?? null);
      const hashes: string[] = [];
      let path = parent ?? '';
      for (let block = 0; block < 1 + Math.floor(prng() * 5); block += 1)
        hashes.push((path += String(Math.floor(prng() * 2))));
      made.apply(engineStore(hashes, parent, engineBlock), step);
      for (const hash of hashes) oracle.set(hash, (oracle.get(hash) ?? 0) + 1);
    } else {
      // Leaves first, as engines evict.
      const leaves = paths.filter((one) => !paths.some((other) => other !== one && other.startsWith(one)));
      const leaf = leaves[Math.floor(prng() * leaves.length)] ?? '';
      made.apply(removed([leaf]), step);
      const copies = (oracle.get(leaf) ?? 0) - 1;
      if (copies === 0) oracle.delete(leaf);
      else oracle.set(leaf, copies);
    }
    expect([...held.keys].sort()).toEqual(expectedBlocks(oracle, engineBlock));
  }
  return { held, made, oracle };
}
