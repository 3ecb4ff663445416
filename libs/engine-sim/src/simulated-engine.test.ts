import { DEFAULT_SEED, sequenceHashes } from '@kvasir/block-hash';
import fc from 'fast-check';
import { describe, expect, it } from 'vitest';
import { ENGINE_OPTIONS_DEFAULT } from './messages.js';
import type { EngineOptions, RequestRole, SimOutput } from './messages.js';
import { SimulatedEngine } from './simulated-engine.js';
import { stepMs } from './timing.js';

const BLOCK_SIZE = 4;

function engine(options: Partial<EngineOptions> = {}): SimulatedEngine {
  return new SimulatedEngine(
    { ...ENGINE_OPTIONS_DEFAULT, blockSize: BLOCK_SIZE, blockCount: 64, ...options },
    { kind: 'polynomial' },
    0,
  );
}

interface Ask {
  readonly id: string;
  readonly tokens: readonly number[];
  readonly output?: number;
  readonly role?: RequestRole;
  readonly atMs?: number;
}

function submit(
  to: SimulatedEngine,
  { id, tokens, output = 2, role = { kind: 'whole' }, atMs = 0 }: Ask,
): void {
  to.submit(
    {
      id,
      tokens: Uint32Array.from(tokens),
      seed: DEFAULT_SEED,
      outputTokensMax: output,
      role,
      nextToken: (index) => 500 + index,
    },
    atMs,
  );
}

const range = (count: number, first = 0): number[] =>
  Array.from({ length: count }, (_, index) => first + index);
const ofKind = <Kind extends SimOutput['kind']>(outputs: readonly SimOutput[], kind: Kind) =>
  outputs.filter((output): output is Extract<SimOutput, { kind: Kind }> => output.kind === kind);

/** Runs until nothing is due by itself. */
function settle(of: SimulatedEngine): readonly SimOutput[] {
  const all: SimOutput[] = [];
  for (let wakeMs = of.nextWakeMs(); wakeMs !== null; wakeMs = of.nextWakeMs())
    all.push(...of.advance(wakeMs));
  return all;
}

/** What a reader of the KV outputs believes the cache to hold. */
function heldAfter(outputs: readonly SimOutput[]): Set<string> {
  const held = new Set<string>();
  const each = (words: Uint32Array, visit: (key: string) => void): void => {
    for (let word = 0; word < words.length; word += 2)
      visit(`${String(words[word])},${String(words[word + 1])}`);
  };
  for (const output of outputs) {
    if (output.kind === 'kvStored') each(output.hashes, (key) => held.add(key));
    if (output.kind === 'kvRemoved') each(output.hashes, (key) => held.delete(key));
  }
  return held;
}

describe('a request', () => {
  it('takes a prefill step, then a decode step per token, in virtual time', () => {
    const made = engine();
    submit(made, { id: 'q', tokens: range(10), output: 3, atMs: 100 });
    const tokens = ofKind(settle(made), 'token');
    const prefillMs = stepMs({ kind: 'polynomial' }, { prefillTokens: 10, decodeSequences: 0, kvShare: 0 });
    const decodeMs = stepMs(
      { kind: 'polynomial' },
      { prefillTokens: 0, decodeSequences: 1, kvShare: 3 / 64 },
    );
    expect(tokens.map((token) => token.token)).toEqual([500, 501, 502]);
    expect(tokens[0]?.atMs).toBeCloseTo(100 + prefillMs);
    expect(tokens[1]?.atMs).toBeCloseTo(100 + prefillMs + decodeMs);
  });

  it('gives the same outputs whether time passes at once or in small pieces', () => {
    const run = (stepTimeMs: number): SimOutput[] => {
      const made = engine();
      submit(made, { id: 'a', tokens: range(30), output: 6 });
      submit(made, { id: 'b', tokens: range(9, 100), output: 6 });
      const all: SimOutput[] = [];
      for (let nowMs = 0; nowMs < 2_000; nowMs += stepTimeMs) all.push(...made.advance(nowMs));
      return all;
    };
    expect(run(1)).toEqual(run(1_999));
  });

  it('computes a long prompt in chunks of the step budget', () => {
    const made = engine({ stepTokensMax: 8 });
    submit(made, { id: 'long', tokens: range(20), output: 1 });
    const outputs = settle(made);
    const ms = (prefillTokens: number): number =>
      stepMs({ kind: 'polynomial' }, { prefillTokens, decodeSequences: 0, kvShare: 0 });
    expect(ofKind(outputs, 'token')[0]?.atMs).toBeCloseTo(ms(8) + ms(8) + ms(4));
  });

  it('reports what it found cached, and computes its last token all the same', () => {
    const made = engine();
    submit(made, { id: 'first', tokens: range(12) });
    settle(made);
    submit(made, { id: 'again', tokens: range(12) });
    const [finished] = ofKind(settle(made), 'finished');
    expect(finished?.usage).toEqual({ promptTokens: 12, outputTokens: 2, cachedTokens: 8 });
    expect(made.load()).toMatchObject({ queriedTokens: 24, hitTokens: 8, kvUsedShare: 0 });
  });

  it('finds its generated tokens cached in the next turn', () => {
    const made = engine();
    submit(made, { id: 'turn1', tokens: range(8), output: 5 });
    settle(made);
    submit(made, { id: 'turn2', tokens: [...range(8), 500, 501, 502, 503, 7, 7], output: 1 });
    expect(ofKind(settle(made), 'finished')[0]?.usage.cachedTokens).toBe(12);
  });

  it('is rejected when it can never fit', () => {
    const made = engine({ blockCount: 3 });
    submit(made, { id: 'q', tokens: range(12), output: 1 });
    expect(settle(made)).toMatchObject([
      { kind: 'rejected', id: 'q', message: 'The request needs 4 KV blocks, the engine has 3' },
    ]);
  });

  it('ends early when its source of tokens does', () => {
    const made = engine();
    made.submit(
      {
        id: 'q',
        tokens: Uint32Array.of(1),
        seed: DEFAULT_SEED,
        outputTokensMax: 9,
        role: { kind: 'whole' },
        nextToken: (index) => (index < 2 ? 1 : null),
      },
      0,
    );
    expect(ofKind(settle(made), 'finished')).toMatchObject([{ reason: 'stop', usage: { outputTokens: 2 } }]);
  });

  it('leaves nothing behind when it is aborted', () => {
    const made = engine();
    submit(made, { id: 'q', tokens: range(30), output: 50 });
    made.advance(40);
    expect(made.load().runningRequests).toBe(1);
    expect(made.abort('q')).toBe(true);
    expect(made.abort('q')).toBe(false);
    expect(made.load()).toMatchObject({ runningRequests: 0, kvUsedShare: 0 });
    expect(ofKind(settle(made), 'finished')).toEqual([]);
  });
});

describe('blocks that run out', () => {
  it('make the newest sequence start over, and all finish', () => {
    const made = engine({ blockCount: 8 });
    for (const id of ['a', 'b', 'c'])
      submit(made, { id, tokens: range(8, id.charCodeAt(0) * 10), output: 16 });
    const finished = ofKind(settle(made), 'finished');
    expect(finished.map((one) => one.id).sort()).toEqual(['a', 'b', 'c']);
    expect(made.load().preemptions).toBeGreaterThan(0);
  });

  it('evict the tail of a sequence before its head', () => {
    const made = engine({ blockCount: 8 });
    submit(made, { id: 'old', tokens: range(16), output: 1 });
    settle(made);
    submit(made, { id: 'new', tokens: range(24, 100), output: 1 });
    settle(made);
    submit(made, { id: 'old again', tokens: range(16), output: 1 });
    expect(ofKind(settle(made), 'finished')[0]?.usage.cachedTokens).toBe(8);
  });
});

describe('disaggregation', () => {
  it('keeps a prefill for its lease, and lets go at its end', () => {
    const made = engine();
    submit(made, { id: 'p', tokens: range(12), output: 1, role: { kind: 'prefill', leaseMs: 1_000 } });
    made.advance(500);
    expect(made.load().kvUsedShare).toBeGreaterThan(0);
    expect(ofKind(made.advance(2_000), 'leaseExpired')).toMatchObject([{ id: 'p' }]);
    expect(made.load().kvUsedShare).toBe(0);
    expect(made.release('p')).toBe(false);
  });

  it('lets go of a prefill that was fetched, and extends a lease that is asked for', () => {
    const made = engine();
    submit(made, { id: 'p', tokens: range(12), output: 1, role: { kind: 'prefill', leaseMs: 1_000 } });
    made.advance(500);
    expect(made.extendLease('p', 5_000)).toBe(true);
    expect(ofKind(made.advance(4_000), 'leaseExpired')).toEqual([]);
    expect(made.release('p')).toBe(true);
    expect(made.load().kvUsedShare).toBe(0);
  });

  it('begins to generate after the transfer, without computing the prompt', () => {
    const made = engine();
    submit(made, { id: 'd', tokens: range(40), output: 2, role: { kind: 'decode', transferMs: 250 } });
    const outputs = settle(made);
    const decodeMs = stepMs(
      { kind: 'polynomial' },
      { prefillTokens: 0, decodeSequences: 1, kvShare: 10 / 64 },
    );
    expect(ofKind(outputs, 'token')[0]?.atMs).toBeCloseTo(250 + decodeMs);
    expect(ofKind(outputs, 'kvStored')[0]?.hashes).toEqual(
      sequenceHashes(Uint32Array.from(range(40)), BLOCK_SIZE).slice(0, 18),
    );
  });
});

describe('any workload', () => {
  const ask = fc.record({
    prefix: fc.integer({ min: 0, max: 2 }),
    length: fc.integer({ min: 1, max: 40 }),
    output: fc.integer({ min: 1, max: 12 }),
    gapMs: fc.integer({ min: 0, max: 60 }),
    aborts: fc.boolean(),
    role: fc.constantFrom<RequestRole>(
      { kind: 'whole' },
      { kind: 'prefill', leaseMs: 100 },
      { kind: 'decode', transferMs: 20 },
    ),
  });

  it('ends every request, frees every block, and tells of KV what is true', () => {
    fc.assert(
      fc.property(fc.array(ask, { minLength: 1, maxLength: 25 }), (asks) => {
        const made = engine({ blockCount: 16, stepTokensMax: 24, runningMax: 4 });
        const outputs: SimOutput[] = [];
        const aborted = new Set<string>();
        let nowMs = 0;
        asks.forEach(({ prefix, length, output, gapMs, aborts, role }, index) => {
          nowMs += gapMs;
          outputs.push(...made.advance(nowMs));
          submit(made, { id: `q${index}`, tokens: range(length, prefix * 1000), output, role, atMs: nowMs });
          if (aborts && index % 3 === 0 && made.abort(`q${index}`)) aborted.add(`q${index}`);
          expect(made.load().kvUsedShare).toBeLessThanOrEqual(1);
        });
        outputs.push(...settle(made));
        const ended = outputs.filter((output) => output.kind === 'finished' || output.kind === 'rejected');
        expect(ended.length + aborted.size).toBe(asks.length);
        expect(made.load()).toMatchObject({ runningRequests: 0, waitingRequests: 0, kvUsedShare: 0 });
        // Everything believed to be cached is found, and forgetting it leaves nothing.
        made.resetCache();
        expect(heldAfter([...outputs, ...settle(made)]).size).toBe(0);
      }),
      { numRuns: 300 },
    );
  });
});
