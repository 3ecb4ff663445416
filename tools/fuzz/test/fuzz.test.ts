import { seededPrng } from '@kvasir/units';
import { writeFileSync, mkdtempSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { pathToFileURL } from 'node:url';
import { describe, expect, it } from 'vitest';
import { fuzz } from '../src/fuzz-loop.js';
import type { FuzzTarget } from '../src/fuzz-target.js';
import { keptInputs } from '../src/kept-inputs.js';
import { minimise } from '../src/minimise.js';
import { INPUT_BYTES_MAX, mutate } from '../src/mutate.js';
import { runFuzz } from '../src/run-fuzz.js';
import { targets } from '../src/targets/index.js';

/** A clock that goes on by itself, so that nothing depends on how fast the machine is. */
function steps(): () => number {
  let nowMs = 0;
  return () => (nowMs += 1);
}

const plain = (run: (input: Uint8Array) => void): FuzzTarget => ({
  ...{ name: 'plain', shape: 'bytes', run },
  seeds: () => [Buffer.from('abcdef')],
});
const loop = (budgetMs: number, kept: readonly Uint8Array[] = []) => ({
  ...{ seed: 3, kept, budgetMs, nowMs: steps(), begin: () => undefined },
});

describe('every decoder', () => {
  it.each(targets.map((target) => [target.name, target] as const))(
    'takes whatever it is given, and what it failed on before (%s)',
    (name, target) => {
      expect(fuzz(target, loop(300, keptInputs(name))).failures).toEqual([]);
    },
  );
});

describe('the fuzzer', () => {
  it('makes the same inputs of the same seed, bounded, and different ones', () => {
    const target = targets.find(({ shape }) => shape === 'json') ?? plain(() => undefined);
    const made = (seed: number): string[] => {
      const prng = seededPrng(seed);
      const seeds = target.seeds(prng);
      return Array.from({ length: 200 }, () => Buffer.from(mutate(target, seeds, prng)).toString('base64'));
    };
    expect(made(1)).toEqual(made(1));
    expect(new Set(made(1)).size).toBeGreaterThan(150);
    expect(made(2)).not.toEqual(made(1));
    expect(Math.max(...made(1).map(({ length }) => length))).toBeLessThanOrEqual(
      Math.ceil(INPUT_BYTES_MAX / 3) * 4,
    );
  });

  it('finds what does not hold, makes it small, and tells of a round trip that is none', () => {
    const { failures } = fuzz(
      plain((input) => {
        if (input.includes(0xff)) throw new RangeError('no');
      }),
      loop(100_000),
    );
    expect(failures.length).toBeGreaterThan(0);
    expect(failures.every(({ input }) => input.length === 1 && input[0] === 0xff)).toBe(true);
    const never = fuzz(
      {
        ...plain(() => undefined),
        roundTrip: () => {
          throw new TypeError('lost');
        },
      },
      loop(100),
    );
    expect(never.failures[0]?.reason).toContain('round trip: TypeError: lost');
  });

  it('leaves out of an input what does not matter', () => {
    const small = minimise(Buffer.from('xxxxxxxAxxxxxxBxxxx'), (candidate) => {
      const text = Buffer.from(candidate).toString();
      return text.includes('A') && text.includes('B');
    });
    expect(Buffer.from(small).toString()).toBe('AB');
  });

  it.each([
    ['hangs', 'for (;;);', 'over 500 ms'],
    ['takes too much memory', 'const all = []; for (;;) all.push(new Array(1e6).fill(1.5));', 'memory'],
  ])('ends a decoder that %s, and has its input', async (_, body, reason) => {
    const folder = mkdtempSync(join(tmpdir(), 'kvasir-fuzz-'));
    try {
      const entry = join(folder, 'worker.mjs');
      // As `children/fuzz-worker` does it: the input first, then the decoder.
      writeFileSync(
        entry,
        `import { workerData } from 'node:worker_threads';
         const { memory } = workerData;
         new Uint8Array(memory, 8).set([104, 105]);
         Atomics.store(new Int32Array(memory, 0, 2), 1, 2);
         Atomics.store(new Int32Array(memory, 0, 2), 0, 1);
         ${body}`,
      );
      const task = { targetName: 'x', seed: 1, budgetMs: 10, kept: [] };
      const { failures } = await runFuzz(pathToFileURL(entry), task, reason === 'memory' ? 60_000 : 500);
      expect(failures).toHaveLength(1);
      expect(Buffer.from(failures[0]?.input ?? []).toString()).toBe('hi');
      expect(failures[0]?.reason).toContain(reason);
    } finally {
      rmSync(folder, { recursive: true });
    }
  });
});
