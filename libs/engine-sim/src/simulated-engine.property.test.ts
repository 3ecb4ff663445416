import { seededPrng } from '@kvasir/units';
import * as fc from 'fast-check';
import { describe, expect, it } from 'vitest';
import { ENGINE_OPTIONS_DEFAULT } from './messages.js';
import type { EngineOptions, RequestRole, SimOutput } from './messages.js';
import { SimulatedEngine } from './simulated-engine.js';

/** What happens to one request after it was submitted. */
interface Ask {
  readonly prefix: number;
  readonly length: number;
  readonly output: number;
  readonly gapMs: number;
  readonly isAborted: boolean;
  readonly role: RequestRole;
  readonly transfer: 'comes' | 'fails';
}

const ask: fc.Arbitrary<Ask> = fc.record({
  prefix: fc.integer({ min: 0, max: 2 }),
  length: fc.integer({ min: 1, max: 50 }),
  output: fc.integer({ min: 1, max: 14 }),
  gapMs: fc.integer({ min: 0, max: 60 }),
  isAborted: fc.boolean(),
  role: fc.constantFrom<RequestRole>(
    { kind: 'whole' },
    { kind: 'whole' },
    { kind: 'prefill', leaseMs: 100 },
    { kind: 'decode' },
  ),
  transfer: fc.constantFrom('comes', 'comes', 'fails'),
});

const sizes = fc.record({
  blockSize: fc.constantFrom(1, 3, 4),
  blockCount: fc.integer({ min: 6, max: 24 }),
  stepTokensMax: fc.constantFrom(1, 5, 24, 1000),
  runningMax: fc.integer({ min: 1, max: 5 }),
  onFailure: fc.constantFrom('fail', 'recompute'),
});

/** What a reader of the KV outputs believes the cache to hold; checks that each makes sense. */
class Believed {
  readonly #held = new Set<string>();

  get size(): number {
    return this.#held.size;
  }

  take(outputs: readonly SimOutput[]): void {
    for (const output of outputs) {
      if (output.kind === 'kvCleared') this.#held.clear();
      if (output.kind === 'kvStored') {
        if (output.parent !== null) expect(this.#held).toContain(keys(output.parent)[0]);
        for (const key of keys(output.hashes)) {
          expect(this.#held).not.toContain(key);
          this.#held.add(key);
        }
      }
      if (output.kind === 'kvRemoved')
        for (const key of keys(output.hashes)) expect(this.#held.delete(key)).toBe(true);
    }
  }
}

function keys(words: Uint32Array): string[] {
  const found: string[] = [];
  for (let word = 0; word < words.length; word += 2)
    found.push(`${words[word] ?? 0},${words[word + 1] ?? 0}`);
  return found;
}

/** Plays requests; `afterEach` sees the engine after every step of time. */
function play(
  made: SimulatedEngine,
  asks: readonly Ask[],
  afterEach: (outputs: readonly SimOutput[]) => void,
): { outputs: SimOutput[]; aborted: Set<string>; refused: Set<string> } {
  const outputs: SimOutput[] = [];
  const [aborted, refused] = [new Set<string>(), new Set<string>()];
  let nowMs = 0;
  const advance = (toMs: number): void => {
    const fresh = made.advance(toMs);
    outputs.push(...fresh);
    afterEach(fresh);
    for (const output of fresh) {
      if (output.kind !== 'transferWanted') continue;
      const index = Number(output.id.slice(1));
      if (asks[index]?.transfer === 'fails') made.transferFailed(output.id, toMs + (index % 7));
      else made.transferred(output.id, toMs + (index % 7));
      nowMs = Math.max(nowMs, toMs + (index % 7));
    }
  };
  asks.forEach(({ prefix, length, output, gapMs, isAborted, role }, index) => {
    nowMs += gapMs;
    advance(nowMs);
    const id = `q${index}`;
    const prng = seededPrng(index % 3);
    const submitted = made.submit(
      {
        id,
        tokens: Uint32Array.from({ length }, (_, at) => prefix * 1000 + at),
        namespace: {},
        outputTokensMax: output,
        role,
        source: { next: () => Math.floor(prng() * 4), isEnded: false },
      },
      nowMs,
    );
    if (submitted.kind !== 'accepted') refused.add(id);
    if (isAborted && made.abort(`q${index - 1}`, nowMs)) aborted.add(`q${index - 1}`);
  });
  for (let wakeMs = made.nextWakeMs(); wakeMs !== null; wakeMs = made.nextWakeMs())
    advance(Math.max(wakeMs, nowMs));
  return { outputs, aborted, refused };
}

function optionsOf({ onFailure, ...limits }: { onFailure: string } & Partial<EngineOptions>): EngineOptions {
  const { transfer } = ENGINE_OPTIONS_DEFAULT;
  return {
    ...ENGINE_OPTIONS_DEFAULT,
    ...limits,
    transfer: { ...transfer, onFailure: onFailure === 'fail' ? 'fail' : 'recompute' },
  };
}

describe('any workload', () => {
  it('ends every request, frees every block, and tells of KV exactly what is true', () => {
    fc.assert(
      fc.property(sizes, fc.array(ask, { minLength: 1, maxLength: 30 }), (size, asks) => {
        const made = new SimulatedEngine(optionsOf(size), 0);
        const believed = new Believed();
        const { outputs, aborted, refused } = play(made, asks, (fresh) => {
          believed.take(fresh);
          const load = made.load();
          expect(load.cachedBlocks).toBe(believed.size);
          expect(load.cachedBlocks).toBeLessThanOrEqual(size.blockCount);
          expect(load.kvUsedShare).toBeLessThanOrEqual(1);
          expect(load.runningRequests).toBeLessThanOrEqual(size.runningMax);
          expect(made.nextWakeMs()).not.toBeNaN();
        });
        const ended = new Set([...aborted, ...refused]);
        const tokens = new Map<string, number>();
        for (const output of outputs) {
          if (output.kind === 'token') tokens.set(output.id, (tokens.get(output.id) ?? 0) + 1);
          if (output.kind !== 'finished' && output.kind !== 'failed') continue;
          expect(ended).not.toContain(output.id);
          ended.add(output.id);
          if (output.kind !== 'finished') continue;
          const { usage, times, atMs } = output;
          const { output: wanted, length } = asks[Number(output.id.slice(1))] ?? { output: 0, length: 0 };
          expect(usage).toMatchObject({ promptTokens: length, outputTokens: wanted });
          expect(tokens.get(output.id)).toBe(wanted);
          expect(usage.cachedTokens).toBeLessThan(length);
          expect(usage.cachedTokens % size.blockSize).toBe(0);
          expect(times.arrivedMs).toBeLessThanOrEqual(times.startedMs);
          expect(times.startedMs).toBeLessThan(times.firstTokenMs);
          expect(times.firstTokenMs).toBeLessThanOrEqual(atMs);
        }
        expect(ended.size).toBe(asks.length);
        expect(made.load()).toMatchObject({
          runningRequests: 0,
          waitingRequests: 0,
          keptPrefills: 0,
          kvUsedShare: 0,
        });
        expect(made.resetCache(1e6)).toBe(true);
        believed.take(made.advance(1e6));
        expect([believed.size, made.load().cachedBlocks]).toEqual([0, 0]);
      }),
      { numRuns: 600 },
    );
  });

  it('gives the same outputs when it is played again', () => {
    fc.assert(
      fc.property(sizes, fc.array(ask, { minLength: 1, maxLength: 20 }), (size, asks) => {
        const once = (): SimOutput[] =>
          play(new SimulatedEngine(optionsOf(size), 0), asks, () => undefined).outputs;
        expect(once()).toEqual(once());
      }),
      { numRuns: 100 },
    );
  });

  it('takes outputs out at their virtual times, in order', () => {
    fc.assert(
      fc.property(sizes, fc.array(ask, { minLength: 1, maxLength: 20 }), (size, asks) => {
        const { outputs } = play(new SimulatedEngine(optionsOf(size), 0), asks, () => undefined);
        const times = outputs.flatMap((output) => ('atMs' in output ? [output.atMs] : []));
        expect(times).toEqual(times.toSorted((first, second) => first - second));
      }),
      { numRuns: 100 },
    );
  });
});
